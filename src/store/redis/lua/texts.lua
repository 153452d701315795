-- Store::claim_sends for texts. Lanes that may send now are read once for each priority and each pass; a text costs two HMGET and two
-- HSET. What is set aside or taken out makes room for its contact's next text, which the next pass sees.
local limit, lease = num(), num()
local sends, aside = {}, 0

-- Flags, read when first asked for; most often there are none.
local any_hold, holds = call('EXISTS', P .. 'hold') == 1, {}
local function hold_of(name)
  if not any_hold then return nil end
  if holds[name] == nil then holds[name] = call('HGET', P .. 'hold', name) end
  if holds[name] and holds[name] ~= 'free' then return holds[name] end
end
-- The hold a text is under; one that cancels comes first.
local function hold_on(x)
  local playbook, broadcast = x.playbook and 'playbook/' .. x.playbook, x.broadcast and 'broadcast/' .. x.broadcast
  local found
  for _, name in ipairs({ playbook or false, broadcast or false }) do
    local word = name and hold_of(name)
    if word == 'cancelled' then return name, word end
    if word and not found then found = name end
  end
  if found then return found, 'held' end
  if the_account().hold == '1' then return '*', 'held' end
end

-- The lanes of a priority that may send, as { due, lane, its texts, the next of them }.
local function candidates(priority)
  local found = {}
  for accounted = 0, 1 do
    local key = P .. 'k:' .. priority .. ':' .. accounted
    local rows = call('ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit + MAX_ASIDE)
    for i = 1, #rows, 2 do found[#found + 1] = { due = tonumber(rows[i + 1]), name = rows[i] } end
  end
  table.sort(found, function(a, b) return a.due < b.due or (a.due == b.due and a.name < b.name) end)
  return found
end
local function texts_of(priority, name)
  local key = P .. 'q:' .. priority .. ':' .. name
  -- What was put back and is ripe is the head of its lane again, by its order.
  local ripe = call('ZRANGEBYSCORE', key, 1, now, 'LIMIT', 0, 100)
  for _, member in ipairs(ripe) do call('ZADD', key, 0, member) end
  return call('ZRANGEBYSCORE', key, 0, 0, 'LIMIT', 0, limit)
end

local function judge(m, e, a)
  if not m.x.stop and a.suppressed then return 'opted_out', NOT_SENT_OPTED_OUT end
  if m.x.valid and m.x.valid < now then return 'expired', EXPIRED end
  local name, word = hold_on(m.x)
  if word == 'cancelled' then return 'cancelled', NOT_SENT_CANCELLED end
  if name then return nil, nil, name end
end

local function take(member)
  local id = string.sub(member, 17)
  local m = message(id)
  local a = m and actor(m.owner)
  local e = a and find(a, id)
  if not e or not m.x then return nil end
  local reason, rest, hold = judge(m, e, a)
  if reason then
    withdraw(a, m, e, reason)
    tell(a, rest, id)
    aside = aside + 1
  elseif hold then
    m.x.hold = hold
    move(a, m, e, 'h', now)
    if mark(m, 'set_aside') then m.set.re = hold == '*' and 'sync' or 'paused' end
    aside = aside + 1
  else
    local l = lane(e.lane)
    spend(l, e.prio, e.cost)
    if l.account and the_account().i then spend(the_account(), e.prio, e.cost) end
    for priority = 0, 2 do l.rank[priority] = true end
    e.blocks = true
    m.x.attempt, m.x.posted = m.x.attempt + 1, now
    move(a, m, e, 'p', now + lease)
    mark(m, 'claimed')
    sends[#sends + 1] = { id, m.x.attempt }
    return true
  end
  return false
end

local function pass(priority)
  local found = candidates(priority)
  local from = 1
  -- Lanes by when they may send: the first one sends, and then stands where its next slot puts it.
  while from <= #found and #sends < limit and aside < MAX_ASIDE do
    local row = found[from]
    local l = lane(row.name)
    local shut = not l.i or open(l, priority) > now or (l.account and gate(priority) > now)
    row.texts = row.texts or texts_of(priority, row.name)
    row.at = (row.at or 0) + 1
    local member = row.texts[row.at]
    if shut or not member then
      from = from + 1
    else
      local sent = take(member)
      if sent == nil then call('ZREM', P .. 'q:' .. priority .. ':' .. row.name, member) end
      if sent then
        row.due = open(l, priority)
        local to = from
        while found[to + 1] and (found[to + 1].due < row.due or (found[to + 1].due == row.due and found[to + 1].name < row.name)) do
          found[to] = found[to + 1]
          to = to + 1
        end
        found[to] = row
      end
    end
  end
end

if the_account().slow <= now then
  repeat
    local before = aside
    for priority = 0, 2 do pass(priority) end
    -- What made room is written down so that its successor stands in its calendar.
    if aside > before then rank() end
  until aside == before or #sends >= limit or aside >= MAX_ASIDE
end
local bodies = {}
write()
for i, pair in ipairs(sends) do bodies[i] = { call('HGET', P .. 'm:' .. pair[1], 'q'), pair[2] } end

local next
if #sends >= limit or aside >= MAX_ASIDE then
  next = now
else
  for priority = 0, 2 do
    local _, free = first('k:' .. priority .. ':0')
    local _, accounted = first('k:' .. priority .. ':1')
    if accounted then accounted = math.max(accounted, gate(priority)) end
    for _, due in ipairs({ free or false, accounted or false }) do
      if due and (not next or due < next) then next = due end
    end
  end
  if next then next = math.max(next, the_account().slow) end
end
st.sends = next
raised.sends = nil
return finish({ next or false, bodies })
