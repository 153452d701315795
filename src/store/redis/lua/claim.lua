-- Store::claim: HMGET and ZRANGEBYSCORE for each actor, HMGET again for its events, one HSET at the end.
local limit, lease = num(), num()
local claimed = {}
for _, name in ipairs(call('ZRANGEBYSCORE', P .. 'wake', '-inf', now, 'LIMIT', 0, limit)) do
  local a = actor(name)
  if not a then
    del('wake', name)
  else
    -- After a failure one at a time, so that the event to blame stands alone.
    local most = a.attempts == 0 and MAX_EVENTS or 1
    local events = call('ZRANGEBYSCORE', P .. 'i:' .. a.n, '-inf', now, 'LIMIT', 0, most)
    local fields = { 's', 'c', 'O' }
    for i, member in ipairs(events) do fields[i + 3] = 'e' .. whole(tonumber(member)) end
    local values = call('HMGET', P .. 'a:' .. name, unpack(fields))
    local inbox, flight = {}, {}
    for i, member in ipairs(events) do
      inbox[#inbox + 1] = tonumber(member)
      inbox[#inbox + 1] = values[i + 3] or ''
    end
    for _, e in ipairs(a.line) do
      if not e.call then
        flight[#flight + 1] = e.order
        flight[#flight + 1] = e.flight
        flight[#flight + 1] = e.id
      end
    end
    a.attempts = a.attempts + 1
    a.set.t, a.set.l, a.set.w = a.attempts, now, now + lease
    put('wake', name, now + lease)
    claimed[#claimed + 1] = { name, a.version, now, a.attempts, tonumber(a.n), values[1], values[2], values[3], inbox, flight }
  end
end
write()
local _, next = first('wake')
st.turns = next
return finish({ next or false, claimed })
