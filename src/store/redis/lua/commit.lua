-- Store::commit, grouped. All that can make one stale is looked at before its first write.

-- One text or call.
local function queue(a)
  local id, is_call, name, prio, cost = arg(), flag(), arg(), num(), num()
  local x = { valid = num(), stop = flag(), quiet = flag(), playbook = some(), broadcast = some(), attempt = 0, posted = 0, looks = 0 }
  local jumps, body = flag(), arg()
  local links = num()
  local key = P .. 'm:' .. id
  local old = call('HMGET', key, 'x', 'n')
  -- Texts are named by their cause; the same one twice is one text.
  if old[1] then
    place = place + links * 2
    return
  end
  st.texts = st.texts + 1
  local e = { order = st.texts, prio = prio, flight = 'w', jumps = jumps, blocks = true, at = now, cost = cost, lane = name, id = id, call = is_call or nil }
  a.line[#a.line + 1] = e
  x.order = st.texts
  local fields = { 'a', a.name, 'q', body, 'x', cmsgpack.pack(x) }
  a.lined = true
  if is_call then
    put('calls', id, now)
    due_at('calls', now)
  else
    local n = old[2] and tonumber(old[2]) or number_of_doc()
    if old[2] then call('DEL', key) end
    for _, more in ipairs({ 'n', n, 'st', 'queued', 'h', whole(now) .. ' queued\n' }) do fields[#fields + 1] = more end
    put('all:m', id, n)
    put('open:m', id, n)
    put('d:' .. a.n, 'm' .. id, n)
    age('m', id)
    waits(e, 1)
    advance(a)
  end
  call('HSET', key, unpack(fields))
  for _ = 1, links do
    local code, link = arg(), arg()
    put_doc('l', code, a.n, '', false, '', link)
  end
end

-- A message that was never queued.
local function record(a)
  local id, status, history, sid, inbound, body = arg(), arg(), arg(), some(), flag(), arg()
  local key = P .. 'm:' .. id
  local known = call('HGET', key, 'n')
  local n = known and tonumber(known) or number_of_doc()
  call('HSET', key, 'n', n, 'a', a.name, 'st', status, 'h', history, 'b', body, 'in', inbound and '1' or '0')
  if sid and not inbound then
    call('HSET', key, 'sid', sid)
    call('HSET', P .. 'sid', sid, id)
  end
  if not known then
    put('all:m', id, n)
    put('d:' .. a.n, 'm' .. id, n)
    age('m', id)
  end
  if OPEN[status] then put('open:m', id, n) end
end

return finish(each(function()
  local a, hash, lease, version = actor(arg()), arg(), num(), num()
  if not a or a.lease == 0 or a.lease ~= lease then return 0 end
  local consumed, cancel, stale = {}, {}, a.version ~= version
  for i = 1, num() do consumed[i] = num() end
  for i = 1, num() do
    local id, reason = arg(), arg()
    local e = find(a, id)
    stale = stale or not e or (e.flight ~= 'w' and e.flight ~= 'h')
    cancel[i] = { id, reason }
  end
  if stale then
    -- Nobody's fault, so it must not count towards quarantine.
    unlease(a, math.max(0, a.attempts - 1), now)
    return 0
  end
  consume(a, consumed)
  for _, pair in ipairs(cancel) do withdraw(a, message(pair[1]), find(a, pair[1]), pair[2]) end
  if flag() then
    for _, e in ipairs(a.line) do
      if e.blocks and (e.flight == 'u' or e.flight == 'p') then e.blocks = false end
    end
    advance(a)
  end
  for _ = 1, num() do record(a) end
  for _ = 1, num() do queue(a) end
  for _ = 1, num() do put_doc_args(a.n) end
  local journal = some()
  if journal then put_line('j', a, journal) end
  for _ = 1, num() do put_doc_args('') end
  for _ = 1, num() do
    local name, by = arg(), num()
    count(name, by)
  end
  for _ = 1, num() do
    local name, people = arg(), {}
    for i = 1, num() do people[i] = arg() end
    many('RPUSH', P .. 't:' .. name, people)
  end
  for _ = 1, num() do call('UNLINK', P .. 't:' .. arg()) end
  for _ = 1, num() do
    local person, of = arg(), arg()
    put_line('k', actor_made(person, of), arg())
  end
  local suppressed = some()
  if suppressed then suppress(a, hash, suppressed == '1') end
  local contact = some()
  if contact then
    -- A new person may have been erased while opted out: its record says so from the start.
    if not a.known then
      put('people', a.name, tonumber(a.n))
      if a.suppressed then a.set.O = '1' end
    else
      a.drop.O = true
    end
    a.known = (a.known or 0) + 1
    a.set.c, a.set.cv = contact, a.known
  end
  for _ = 1, num() do post() end
  for _ = 1, num() do put_broadcast(arg(), arg(), flag(), arg(), arg(), num()) end
  local watches = {}
  for i = 1, num() do watches[i] = { arg(), num() } end
  a.clock = num()
  if a.clock then a.set.k = a.clock else a.drop.k = true end
  a.version = a.version + 1
  a.set.v, a.set.s = a.version, arg()
  unlease(a, 0, first_wake(a))
  for _, pair in ipairs(watches) do
    local l = lane(pair[1])
    if l.w0 + l.w1 + l.w2 < pair[2] then
      wake(a, now)
    elseif call('ZADD', P .. 'watch:' .. l.name, pair[2], a.name) == 1 then
      l.o = l.o + 1
    end
  end
  return 1
end))
