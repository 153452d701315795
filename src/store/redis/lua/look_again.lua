-- Store::look_again.
local id, time = arg(), num()
local m = message(id)
local a = m and m.x and actor(m.owner)
local e = a and find(a, id)
if e and e.flight == 'u' then
  m.x.looks = m.x.looks + 1
  move(a, m, e, 'u', time)
end
return finish({})
