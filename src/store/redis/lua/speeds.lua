-- Store::set_speeds: by every daemon, on every load; the same ones again change nothing.
local digest, interval, bulk, hold = arg(), some(), some(), arg()
if call('GET', P .. 'speeds') == digest then return finish({}) end
call('SET', P .. 'speeds', digest)
local own = the_account()
own.i, own.b = tonumber(interval), tonumber(bulk)
-- Slots that lie further ahead than any text costs are cut.
local function cut(slots)
  slots.next = math.min(slots.next, now + slots.i * LONGEST)
  slots.bulk = math.min(slots.bulk, now + slots.b * LONGEST)
end
if own.i then
  cut(own)
  call('HSET', P .. 'acct', 'i', own.i, 'b', own.b, 'hold', hold)
else
  call('HDEL', P .. 'acct', 'i', 'b')
  call('HSET', P .. 'acct', 'hold', hold)
end
own.hold, own.spent = hold, true
for priority = 0, 2 do call('DEL', P .. 'k:' .. priority .. ':0', P .. 'k:' .. priority .. ':1') end
for _, name in ipairs(call('SMEMBERS', P .. 'lanes')) do
  local l = lane(name)
  l.i, l.b, l.account = nil, nil, false
  for priority = 0, 2 do
    l['c' .. priority] = nil
    l.rank[priority] = true
  end
end
for _ = 1, num() do
  local l = lane(arg())
  l.i, l.b, l.account = num(), num(), flag()
  cut(l)
end
return finish({})
