-- Store::slow.
local name, time = some(), num()
if name then
  local l = lane(name)
  l.slow = time
  for priority = 0, 2 do l.rank[priority] = true end
else
  the_account().slow = time
  call('HSET', P .. 'acct', 'slow', time)
  due_at('sends', time)
end
return finish({})
