-- Store::erase, its first page: what moves the person, and what would go out. The rest is set apart under the person's number, which
-- nobody is given again, and goes in pages (`scrub.lua`); the name of that number stands in `erasing` until it has.
local a = actor(arg())
if not a then return finish({ 0 }) end
while #a.line > 0 do
  local e = a.line[1]
  local m = message(e.id)
  if m and m.x then take_out(a, m, e) else table.remove(a.line, 1) end
end
write()
a = actor(arg())
local inbox = P .. 'i:' .. a.n
local from = 0
repeat
  local members = call('ZRANGE', inbox, from, from + 999)
  for _, member in ipairs(members) do
    if string.sub(member, -1) % 2 == 0 then st.waiting = math.max(0, st.waiting - 1) end
  end
  from = from + 1000
until #members < 1000
call('SADD', P .. 'erasing', a.n)
call('UNLINK', P .. 'a:' .. a.name, inbox, P .. 'j:' .. a.n, P .. 'k:' .. a.n)
del('wake', a.name)
del('people', a.name)
actors = {}
return finish({ 1, a.n })
