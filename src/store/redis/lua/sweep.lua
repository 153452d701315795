-- Lets go or cancels one page of what no flag keeps back any more; 1 if there may be more.
local flags = {}
local kept = call('HGETALL', P .. 'hold')
for i = 1, #kept, 2 do
  if kept[i + 1] ~= 'held' then flags[#flags + 1] = { kept[i], kept[i + 1] } end
end
if the_account().hold ~= '1' then flags[#flags + 1] = { '*', 'free' } end
for _, pair in ipairs(flags) do
  local name, word = pair[1], pair[2]
  local ids = call('ZRANGE', P .. 'held:' .. name, 0, SWEEP_PAGE - 1)
  for _, id in ipairs(ids) do
    local m = message(id)
    local a = m and m.x and actor(m.owner)
    local e = a and find(a, id)
    if not e then
      del('held:' .. name, id)
    elseif word == 'cancelled' then
      withdraw(a, m, e, 'cancelled')
      tell(a, NOT_SENT_CANCELLED, id)
    else
      move(a, m, e, 'w', 0)
      m.x.hold = nil
      if mark(m, 'freed') then m.drop.re = true end
    end
  end
  if #ids == SWEEP_PAGE then return finish({ 1 }) end
  if word == 'free' then call('HDEL', P .. 'hold', name) end
end
return finish({ 0 })
