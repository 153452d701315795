-- Store::set_hold, but for the sweep.
call('HSET', P .. 'hold', arg(), arg())
return finish({})
