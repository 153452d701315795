-- Store::claim_sends for calls: one whose lease ended is made again, before those that have not been tried.
local limit, lease = num(), num()
local ids = {}
for _, member in ipairs(call('ZRANGEBYSCORE', P .. 'calling', '-inf', now, 'LIMIT', 0, limit)) do ids[#ids + 1] = string.sub(member, DAEMON + 1) end
if #ids < limit then
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'calls', '-inf', now, 'LIMIT', 0, limit - #ids)) do ids[#ids + 1] = id end
end
local taken = {}
for _, id in ipairs(ids) do
  local m = message(id)
  local a = m and actor(m.owner)
  local e = a and find(a, id)
  if e and m.x then
    m.x.attempt, m.x.posted = m.x.attempt + 1, now
    move(a, m, e, 'p', now + lease)
    taken[#taken + 1] = { call('HGET', P .. 'm:' .. id, 'q'), m.x.attempt }
  end
end
write()
local _, next = first('calling')
local _, waiting = first('calls')
if waiting and (not next or waiting < next) then next = waiting end
st.calls = next
raised.calls = nil
return finish({ next or false, taken })
