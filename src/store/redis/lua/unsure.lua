-- Store::unsure: texts under a lease that ended become unknown, and are looked up at once.
local limit = num()
local dead = call('ZRANGEBYSCORE', P .. 'leases', '-inf', now, 'LIMIT', 0, MAX_LOST)
for _, member in ipairs(dead) do
  local m = message(string.sub(member, DAEMON + 1))
  local a = m and m.x and actor(m.owner)
  local e = a and find(a, m.id)
  if e then
    move(a, m, e, 'u', now)
    mark(m, 'lost')
  else
    del('leases', member)
  end
end
write()
local found = {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'looks', '-inf', now, 'LIMIT', 0, limit)) do
  local v = call('HMGET', P .. 'm:' .. id, 'q', 'x')
  if v[2] then
    local x = cmsgpack.unpack(v[2])
    found[#found + 1] = { v[1], x.attempt, x.posted, x.looks }
  else
    del('looks', id)
  end
end
-- Those handed out stay due until the caller puts them off or settles them; only what was left out is due now.
local _, next = first('leases')
local later = call('ZRANGEBYSCORE', P .. 'looks', '(' .. whole(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local look = tonumber(later[2])
if look and (not next or look < next) then next = look end
st.looks = next
raised.looks = nil
if #found == limit or #dead == MAX_LOST then next = now end
return finish({ next or false, found })
