-- A daemon lives. One that has been silent for too long is dead: what it had under way is due now. A daemon that was silent itself, as
-- after an outage of the server, judges nobody; `leave` is its own end.
local judges, leave = flag(), flag()
local dead = {}
if leave then
  dead[1] = me
else
  put('daemons', me, now)
  if judges then
    for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'daemons', '-inf', now - DEAD_AFTER, 'LIMIT', 0, 10)) do
      if id ~= me then dead[#dead + 1] = id end
    end
  end
end
for _, id in ipairs(dead) do
  del('daemons', id)
  for key, calendar in pairs({ leases = 'looks', calling = 'calls' }) do
    local from = 0
    repeat
      local members = call('ZRANGE', P .. key, from, from + 999)
      for _, member in ipairs(members) do
        if string.sub(member, 1, DAEMON) == id then
          put(key, member, now)
          due_at(calendar, now)
        end
      end
      from = from + 1000
    until #members < 1000
  end
end
write()
-- A signal that was lost on its way costs no more than the time to the next beat.
local _, wake = first('wake')
local _, lease = first('leases')
local _, look = first('looks')
local _, waiting = first('calls')
local _, calling = first('calling')
local sends = false
for priority = 0, 2 do
  for accounted = 0, 1 do
    local _, due = first('k:' .. priority .. ':' .. accounted)
    if due and due <= now then sends = true end
  end
end
local function is(due) return due and due <= now and 1 or 0 end
return finish({
  call('ZCARD', P .. 'daemons'), is(wake), sends and 1 or 0, math.max(is(waiting), is(calling)), math.max(is(lease), is(look)),
})
