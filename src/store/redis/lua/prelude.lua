-- What every script stands on. `mod.rs` tells what the keys hold.
--
-- A script reads its arguments in order, keeps what it has read in tables, checks before it changes anything, and writes at its end in
-- `finish`. So one that fails on its way has written nothing but what stands in plain `call`s, and those are harmless when repeated.
-- The tables MOVES, RANK, OPEN and the constants in capitals are written before this text by `scripts.rs`, from the rules in Rust.

local P = KEYS[1]
local call = redis.call
local format = string.format

-- Whole numbers as text: `..` would keep 14 digits only. The same few moments are written over and over, and forming one takes as long
-- as a command.
local texts = {}
local function whole(number)
  local text = texts[number]
  if not text then
    text = format('%.0f', number)
    texts[number] = text
  end
  return text
end

local place = 0
local function arg() place = place + 1 return ARGV[place] end
local function num() return tonumber(arg()) end
local function flag() return arg() == '1' end
-- An argument that may be missing stands as an empty one.
local function some() local text = arg() if text ~= '' then return text end end

-- Counters, the clock, and what sleeping workers were told of each calendar; `''` is nothing.
local NAMES = {'clock', 'actors', 'events', 'texts', 'docs', 'waiting', 'turns', 'sends', 'calls', 'looks'}
local st = {}
do
  local values = call('HMGET', P .. 'st', unpack(NAMES))
  for i, name in ipairs(NAMES) do st[name] = tonumber(values[i]) end
  for i = 1, 6 do st[NAMES[i]] = st[NAMES[i]] or 0 end
end

local now = num()
if not now then
  local time = call('TIME')
  now = time[1] * 1000000 + time[2]
end
if now <= st.clock then now = st.clock + 1 end
st.clock = now

-- Who runs this script, and whether anybody else must hear of what it makes due.
local me = arg()
local others = flag()

-- Sorted sets: what is to be put and taken (false), by key and member.
local zsets = {}
local function put(key, member, score)
  local zset = zsets[key]
  if not zset then zset = {} zsets[key] = zset end
  zset[member] = score
end
local function del(key, member) put(key, member, false) end
local function many(command, key, list, pair)
  for from = 1, #list, 500 do call(command, key, unpack(list, from, math.min(from + 499, #list))) end
end
local function flush()
  for key, zset in pairs(zsets) do
    local adds, rems = {}, {}
    for member, score in pairs(zset) do
      if score then adds[#adds + 1] = whole(score) adds[#adds + 1] = member else rems[#rems + 1] = member end
    end
    many('ZREM', P .. key, rems)
    many('ZADD', P .. key, adds)
  end
  zsets = {}
end
-- A set's first member and its score, in what is written.
local function first(key)
  local found = call('ZRANGE', P .. key, 0, 0, 'WITHSCORES')
  return found[1], tonumber(found[2])
end

-- Something is due: whoever sleeps beyond that is woken, once.
local raised = {}
local function due_at(calendar, time)
  if not st[calendar] or time < st[calendar] then
    st[calendar] = time
    raised[calendar] = true
  end
end

local counts = {}
local function count(name, by) counts[name] = (counts[name] or 0) + by end

-- What grows old, in the order of time.
local aging = {}
local function age(kind, name) aging[#aging + 1] = whole(now) .. ' ' .. kind .. ' ' .. name end

local function number_of_doc() st.docs = st.docs + 1 return st.docs end

-- Actors. `line` is what of theirs is not settled.
local actors = {}
local function actor(name)
  local known = actors[name]
  if known ~= nil then return known end
  local v = call('HMGET', P .. 'a:' .. name, 'n', 'v', 't', 'l', 'w', 'k', 'ln', 'S', 'cv')
  known = false
  if v[1] then
    known = {
      name = name, n = v[1], version = tonumber(v[2]), attempts = tonumber(v[3]), lease = tonumber(v[4]), wake = tonumber(v[5]),
      clock = tonumber(v[6]), line = v[7] and cmsgpack.unpack(v[7]) or {}, suppressed = v[8], known = tonumber(v[9]), set = {}, drop = {},
    }
  end
  actors[name] = known
  return known
end
-- One that is made where it is new; `hash` says under which name its suppression may have outlived it.
local function actor_made(name, hash)
  local found = actor(name)
  if found then return found end
  st.actors = st.actors + 1
  found = { name = name, n = whole(st.actors), version = 0, attempts = 0, lease = 0, line = {}, set = {}, drop = {} }
  found.set.n, found.set.v, found.set.t, found.set.l = found.n, 0, 0, 0
  if hash ~= '' and call('SISMEMBER', P .. 'suppressed', hash) == 1 then
    found.suppressed = '1'
    found.set.S = '1'
  end
  actors[name] = found
  return found
end
local function set_wake(a, time)
  a.wake = time
  if time then
    a.set.w = time
    put('wake', a.name, time)
    due_at('turns', time)
  else
    a.drop.w = true
    a.set.w = nil
    del('wake', a.name)
  end
end
local function wake(a, time)
  if not a.wake or a.wake > time then
    a.drop.w = nil
    set_wake(a, time)
  end
end
local function unlease(a, attempts, time)
  a.lease, a.attempts = 0, attempts
  a.set.l, a.set.t = 0, attempts
  set_wake(a, time)
end
-- Events have even numbers where they count for the limit, odd ones where they do not.
local function member_of(number) return format('%016.0f', number) end
local function deliver(a, body, due)
  local counted = due <= now
  st.events = st.events + 1
  local number = st.events * 2 + (counted and 0 or 1)
  a.set['e' .. whole(number)] = body
  put('i:' .. a.n, member_of(number), due)
  if counted then st.waiting = st.waiting + 1 end
  if a.lease == 0 then wake(a, due) end
end
-- Takes events out, those that count apart.
local function consume(a, numbers)
  local kinds = { [0] = {}, [1] = {} }
  for _, number in ipairs(numbers) do
    local kind = kinds[number % 2]
    kind[#kind + 1] = member_of(number)
    a.drop['e' .. whole(number)] = true
  end
  if #kinds[0] > 0 then st.waiting = math.max(0, st.waiting - call('ZREM', P .. 'i:' .. a.n, unpack(kinds[0]))) end
  if #kinds[1] > 0 then call('ZREM', P .. 'i:' .. a.n, unpack(kinds[1])) end
end
-- When an actor without a lease is due: its first event, also one of this script's, or its clock.
local function first_wake(a)
  local _, best = first('i:' .. a.n)
  for _, due in pairs(zsets['i:' .. a.n] or {}) do
    if due and (not best or due < best) then best = due end
  end
  if a.clock and (not best or a.clock < best) then best = a.clock end
  return best
end
-- Events that scripts post: Rust wrote all but the time and, where it stands as \u0001, the message.
local HOLE = '"\\u0001"'
local function event(rest, id)
  local from, to = string.find(rest, HOLE, 1, true)
  if from then rest = string.sub(rest, 1, from - 1) .. cjson.encode(id) .. string.sub(rest, to + 1) end
  return '{"at":' .. whole(now) .. rest
end
local function tell(a, rest, id) deliver(a, event(rest, id), now) end
local function suppress(a, hash, on)
  call(on and 'SADD' or 'SREM', P .. 'suppressed', hash)
  a.suppressed = on and '1' or nil
  if on then a.set.S, a.drop.S = '1', nil else a.set.S, a.drop.S = nil, true end
end

-- Lanes, by name: speed, slots, segments that wait, and where they stand in the calendars.
local lanes, account = {}, nil
local LANE = {'i', 'b', 'a', 'next', 'bulk', 'slow', 'w0', 'w1', 'w2', 'c0', 'c1', 'c2', 'o'}
local function lane(name)
  local known = lanes[name]
  if known then return known end
  local v = call('HMGET', P .. 'L:' .. name, unpack(LANE))
  known = { name = name, account = v[3] == '1', rank = {}, old = {} }
  for i, field in ipairs(LANE) do known[field] = tonumber(v[i]) end
  known.next, known.bulk, known.slow, known.o = known.next or 0, known.bulk or 0, known.slow or 0, known.o or 0
  known.fresh = not known.w0
  known.w0, known.w1, known.w2 = known.w0 or 0, known.w1 or 0, known.w2 or 0
  for _, field in ipairs(LANE) do known.old[field] = not known.fresh and known[field] or nil end
  lanes[name] = known
  return known
end
local function the_account()
  if not account then
    local v = call('HMGET', P .. 'acct', 'i', 'b', 'next', 'bulk', 'slow', 'hold')
    account = { i = tonumber(v[1]), b = tonumber(v[2]), next = tonumber(v[3]) or 0, bulk = tonumber(v[4]) or 0, slow = tonumber(v[5]) or 0, hold = v[6] }
  end
  return account
end
local function open(slots, priority)
  local next = math.max(slots.next, slots.slow)
  if priority == 2 then next = math.max(next, slots.bulk) end
  return next
end
-- When an account that has a speed lets a priority go; one without never shuts.
local function gate(priority)
  local slots = the_account()
  return slots.i and open(slots, priority) or 0
end
local function spend(slots, priority, cost)
  cost = math.max(cost, 1)
  slots.next = math.max(slots.next, now - CREDIT) + slots.i * cost
  if priority == 2 then slots.bulk = math.max(slots.bulk, now - CREDIT) + slots.b * cost end
  slots.spent = true
end
local function queue_of(entry) return 'q:' .. entry.prio .. ':' .. entry.lane end
local function place_of(entry) return member_of(entry.order) .. entry.id end
-- Puts lanes whose queues changed where they belong in the calendars.
local function rank()
  flush()
  for name, l in pairs(lanes) do
    for priority in pairs(l.rank) do
      local due
      if l.i then
        local _, score = first('q:' .. priority .. ':' .. name)
        if score then due = math.max(score, open(l, priority)) end
      end
      local field, calendar = 'c' .. priority, 'k:' .. priority .. (l.account and ':1' or ':0')
      if due ~= l[field] then
        l[field] = due
        if due then put(calendar, name, due) else del(calendar, name) end
      end
      if due then
        if l.account then due = math.max(due, gate(priority)) end
        due_at('sends', math.max(due, the_account().slow))
      end
    end
    l.rank = {}
  end
  flush()
end
local function write_lanes()
  for name, l in pairs(lanes) do
    local sets, drops = {}, {}
    for _, field in ipairs(LANE) do
      local value = l[field]
      if field == 'a' then value = l.account and 1 or 0 end
      if value ~= l.old[field] then
        if value then sets[#sets + 1] = field sets[#sets + 1] = whole(value) else drops[#drops + 1] = field end
      end
    end
    if l.fresh then call('SADD', P .. 'lanes', name) end
    if #sets > 0 then call('HSET', P .. 'L:' .. name, unpack(sets)) end
    if #drops > 0 then call('HDEL', P .. 'L:' .. name, unpack(drops)) end
  end
  if account and account.spent then call('HSET', P .. 'acct', 'next', account.next, 'bulk', account.bulk) end
end

-- A contact's line: which of its texts stands in its lane (`ledger::head` says the same in Rust).
local function head(line)
  local blocked, best = false, nil
  for _, e in ipairs(line) do
    if not e.call then
      if e.flight == 'p' then return nil end
      blocked = blocked or (e.flight == 'u' and e.blocks)
    end
  end
  for _, e in ipairs(line) do
    if not e.call and e.flight == 'w' and (e.jumps or not blocked) then
      if not best or e.prio < best.prio or (e.prio == best.prio and e.order < best.order) then best = e end
    end
  end
  return best
end
local function leave(e)
  del(queue_of(e), place_of(e))
  e.stands = nil
  lane(e.lane).rank[e.prio] = true
end
local function advance(a)
  local wanted = head(a.line)
  for _, e in ipairs(a.line) do
    if e.stands and e ~= wanted then leave(e) end
  end
  if wanted and not wanted.stands then
    put(queue_of(wanted), place_of(wanted), wanted.at > now and wanted.at or 0)
    wanted.stands = true
    lane(wanted.lane).rank[wanted.prio] = true
  end
  a.lined = true
end
local function find(a, id)
  for i, e in ipairs(a.line) do
    if e.id == id then return e, i end
  end
end
local function waits(e, sign)
  local l, field = lane(e.lane), 'w' .. e.prio
  l[field] = math.max(0, l[field] + sign * e.cost)
  if sign < 0 then l.fell = true end
end

-- Messages, and with them what is under way: `x` is there as long as it is not settled.
local messages = {}
local function message(id)
  local known = messages[id]
  if known ~= nil then return known end
  local v = call('HMGET', P .. 'm:' .. id, 'n', 'st', 'h', 'a', 'x', 'sid')
  known = false
  if v[1] or v[5] then
    known = { id = id, n = v[1], status = v[2], history = v[3] or '', owner = v[4], x = v[5] and cmsgpack.unpack(v[5]), sid = v[6], set = {}, drop = {} }
  end
  messages[id] = known
  return known
end
-- Adds to a history, which keeps its beginning and its latest entries.
local function note(m, word)
  local _, entries = string.gsub(m.history, '\n', '\n')
  if entries >= MAX_HISTORY then m.history = string.gsub(m.history, '^([^\n]*\n)[^\n]*\n', '%1') end
  m.history = m.history .. whole(now) .. ' ' .. word .. '\n'
  m.set.h = m.history
end
local function set_status(m, status)
  m.status = status
  m.set.st = status
  if OPEN[status] then put('open:m', m.id, tonumber(m.n)) else del('open:m', m.id) end
end
-- Moves a message on where that may happen to it; calls have no status.
local function mark(m, what)
  local status = m.status and MOVES[m.status] and MOVES[m.status][what]
  if not status then return false end
  set_status(m, status)
  note(m, status)
  return true
end
local function name_it(m, sid)
  m.sid = sid
  m.set.sid = sid
  call('HSET', P .. 'sid', sid, m.id)
end

-- Where something unsettled stands besides its lane.
local function shelf(m, e)
  if e.call then
    if e.flight == 'p' then return 'calling', m.x.daemon .. m.id end
    return 'calls', m.id
  end
  if e.flight == 'p' then return 'leases', m.x.daemon .. m.id end
  if e.flight == 'u' then return 'looks', m.id end
  if e.flight == 'h' then return 'held:' .. m.x.hold, m.id end
end
local CALENDARS = { calls = 'calls', calling = 'calls', leases = 'looks', looks = 'looks' }
-- Moves it on; `at` is when it may go, when its lease ends, or when it is looked up.
local function move(a, m, e, flight, at)
  local key, member = shelf(m, e)
  if key then del(key, member) end
  if e.stands then leave(e) end
  if not e.call and e.flight == 'w' then waits(e, -1) end
  e.flight, e.at = flight, at
  if flight == 'p' then m.x.daemon = me end
  if not e.call and flight == 'w' then waits(e, 1) end
  key, member = shelf(m, e)
  if key then
    put(key, member, flight == 'h' and e.order or at)
    if CALENDARS[key] then due_at(CALENDARS[key], at) end
  end
  m.packed = true
  a.lined = true
  if not e.call then advance(a) end
end
-- Takes it out for good.
local function take_out(a, m, e)
  local key, member = shelf(m, e)
  if key then del(key, member) end
  if e.stands then leave(e) end
  if not e.call and e.flight == 'w' then waits(e, -1) end
  local _, i = find(a, m.id)
  table.remove(a.line, i)
  m.x, m.drop.x = nil, true
  a.lined = true
  if e.call then m.gone = true else advance(a) end
end
-- Takes a text out that was never sent.
local function withdraw(a, m, e, reason)
  take_out(a, m, e)
  if mark(m, 'cancelled') then m.set.re = reason end
end

-- Documents other than messages: number, owner, topic, whether open, counter of people; then the JSON.
local HEADER = '^(%d+)%z(%d*)%z(%Z*)%z([01])%z(%Z*)%z()'
local function read_doc(kind, id)
  local old = call('HGET', P .. 'doc:' .. kind, id)
  if not old then return nil end
  local n, owner, topic, is_open, live, body = string.match(old, HEADER)
  return { n = tonumber(n), owner = owner, topic = topic, open = is_open == '1', live = live, body = string.sub(old, body) }
end
local function drop_doc(kind, id, doc)
  call('HDEL', P .. 'doc:' .. kind, id)
  if doc.live ~= '' then count(doc.live, -1) end
  if LISTED[kind] then del('all:' .. kind, id) end
  if doc.open then del('open:' .. kind, id) end
  if doc.topic ~= '' then
    del('topic:' .. kind .. ':' .. doc.topic, id)
    if doc.open then del('opent:' .. kind .. ':' .. doc.topic, id) end
  end
  if doc.owner ~= '' then del('d:' .. doc.owner, kind .. id) end
end
local function put_doc(kind, id, owner, topic, is_open, live, body)
  local old = read_doc(kind, id)
  local n = old and old.n or number_of_doc()
  if not old then
    if LISTED[kind] then put('all:' .. kind, id, n) end
    if topic ~= '' then put('topic:' .. kind .. ':' .. topic, id, n) end
    if owner ~= '' then put('d:' .. owner, kind .. id, n) end
  else
    topic, owner = old.topic, old.owner
  end
  local was = old and old.live or ''
  if was ~= live then
    if was ~= '' then count(was, -1) end
    if live ~= '' then count(live, 1) end
  end
  if (old and old.open or false) ~= is_open then
    if is_open then put('open:' .. kind, id, n) else del('open:' .. kind, id) end
    if topic ~= '' then
      if is_open then put('opent:' .. kind .. ':' .. topic, id, n) else del('opent:' .. kind .. ':' .. topic, id) end
    end
  end
  if AGES[kind] and not is_open and (not old or old.open) then age(kind, id) end
  call('HSET', P .. 'doc:' .. kind, id, table.concat({ whole(n), owner, topic, is_open and '1' or '0', live, body }, '\0'))
end
local function put_doc_args(owner)
  local kind, id, topic, is_open, live, body = arg(), arg(), arg(), flag(), arg(), arg()
  put_doc(kind, id, owner, topic, is_open, live, body)
end
-- Lines of a person's ledgers: `j` is the journal, which grows old, `k` consent, which does not.
local function put_line(kind, a, body)
  local n = number_of_doc()
  call('RPUSH', P .. kind .. ':' .. a.n, whole(n) .. '\n' .. body)
  if kind == 'j' then age('j', a.n) end
end
local function post_event(name, hash)
  return actor_made(name, hash)
end
local function put_broadcast(id, topic, is_open, body, begin, due)
  local old = read_doc('b', id)
  if old then return old.body end
  put_doc('b', id, '', topic, is_open, '', body)
  deliver(actor_made('b:' .. id, ''), begin, due)
end
-- One event; false if its id was seen before.
local function post()
  local name, hash, id, due, body, entry = arg(), arg(), some(), num(), arg(), some()
  local of, of_hash = arg(), arg()
  if id and call('ZADD', P .. 'seen', 'NX', now, id) == 0 then return false end
  deliver(actor_made(name, hash), body, due)
  if entry then
    local person = actor_made(of, of_hash)
    suppress(person, of_hash, true)
    put_line('k', person, entry)
  end
  return true
end

local function fire()
  for name, l in pairs(lanes) do
    if l.fell and l.o > 0 then
      local left = l.w0 + l.w1 + l.w2
      local due = call('ZRANGEBYSCORE', P .. 'watch:' .. name, '(' .. whole(left), '+inf', 'LIMIT', 0, 500)
      for _, watcher in ipairs(due) do
        del('watch:' .. name, watcher)
        l.o = l.o - 1
        -- One under a lease looks at the lane by itself when it commits.
        local a = actor(watcher)
        if a and a.lease == 0 then wake(a, now) end
      end
    end
  end
end
local function write_hashes()
  for name, a in pairs(actors) do
    if a then
      if a.lined then
        if #a.line > 0 then a.set.ln = cmsgpack.pack(a.line) else a.drop.ln = true end
      end
      local sets, drops = {}, {}
      for field, value in pairs(a.set) do sets[#sets + 1] = field sets[#sets + 1] = type(value) == 'number' and whole(value) or value end
      for field in pairs(a.drop) do
        if a.set[field] == nil then drops[#drops + 1] = field end
      end
      many('HSET', P .. 'a:' .. name, sets)
      many('HDEL', P .. 'a:' .. name, drops)
    end
  end
  for id, m in pairs(messages) do
    if m and m.gone then
      call('DEL', P .. 'm:' .. id)
    elseif m then
      if m.packed and m.x then m.set.x = cmsgpack.pack(m.x) end
      local sets, drops = {}, {}
      for field, value in pairs(m.set) do sets[#sets + 1] = field sets[#sets + 1] = value end
      for field in pairs(m.drop) do drops[#drops + 1] = field end
      if #sets > 0 then call('HSET', P .. 'm:' .. id, unpack(sets)) end
      if #drops > 0 then call('HDEL', P .. 'm:' .. id, unpack(drops)) end
    end
  end
  for name, by in pairs(counts) do
    if by ~= 0 and call('HINCRBY', P .. 'counts', name, by) == 0 then call('HDEL', P .. 'counts', name) end
  end
  many('RPUSH', P .. 'old', aging)
end
-- Everything but the counters, so that calendars can be asked.
local function write()
  fire()
  rank()
  write_lanes()
  write_hashes()
  actors, messages, lanes, counts, aging = {}, {}, {}, {}, {}
  account = nil
end
-- The end of a script: the clock, who is woken, and the answers.
local function finish(answers)
  write()
  local pairs_of = {}
  for _, name in ipairs(NAMES) do
    pairs_of[#pairs_of + 1] = name
    pairs_of[#pairs_of + 1] = st[name] and whole(st[name]) or ''
  end
  call('HSET', P .. 'st', unpack(pairs_of))
  local letters = ''
  for letter, calendar in pairs({ t = 'turns', x = 'sends', c = 'calls', u = 'looks' }) do
    if raised[calendar] then letters = letters .. letter end
  end
  if others and letters ~= '' then call('PUBLISH', P .. 'wakes', me .. letters) end
  return { now, letters, answers }
end
-- Runs each of a group's calls: the number of its arguments stands before them, so that one may end early.
local function each(work)
  local answers = {}
  for i = 1, num() do
    local length = num()
    local last = place + length
    answers[i] = work()
    place = last
  end
  return answers
end
