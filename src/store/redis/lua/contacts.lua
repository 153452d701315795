-- Store::put_contacts: Rust has worked out every record from what it read; if one of them is another by now, nothing is written.
local last = num()
local from = place
for _ = 1, last do
  local a, hash, known = actor(arg()), arg(), num()
  if ((a and a.known) or 0) ~= known then return finish({ 0 }) end
end
for _ = 1, num() do
  local name, hash = arg(), arg()
  local contact = some()
  local a = actor_made(name, hash)
  if contact then
    if not a.known then put('people', name, tonumber(a.n)) end
    a.version, a.known = a.version + 1, (a.known or 0) + 1
    a.set.v, a.set.c, a.set.cv = a.version, contact, a.known
    a.drop.O = true
  end
  for _ = 1, num() do put_line('k', a, arg()) end
  local suppressed = some()
  if suppressed then suppress(a, hash, suppressed == '1') end
  for _ = 1, num() do tell(a, arg(), '') end
end
return finish({ 1 })
