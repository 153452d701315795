-- Store::report, grouped: 0 for no such message, 1 for noted, 2 for moved.

-- What a callback makes of a message: the higher rank stays, whatever the order.
local function reported(status, word)
  if status == 'received' or status == 'cancelled' then return nil end
  if (RANK[word] or 0) > (RANK[status] or 0) then return word end
end

return finish(each(function()
  local id, sid, word, status, code, sent, undelivered = some(), arg(), arg(), some(), some(), arg(), arg()
  local m = id and message(id)
  if not m or not m.status then
    id = call('HGET', P .. 'sid', sid)
    -- A text from a contact has it as its id.
    m = message(id or sid)
    if not m or not m.status then return 0 end
  end
  id = m.id
  if call('HGET', P .. 'm:' .. id, 'in') == '1' then return 1 end
  local a = actor(m.owner)
  local e = a and find(a, id)
  -- It was never tried, so whatever this is about is not this text.
  if m.x and m.x.attempt == 0 then return 1 end
  local settled = false
  if e and m.x then
    local quiet = m.x.quiet
    if MOVES[m.status] and MOVES[m.status].accepted then
      take_out(a, m, e)
      mark(m, 'accepted')
      name_it(m, sid)
      if not quiet then tell(a, sent, id) end
      settled = true
    end
  end
  if not m.sid and RANK[m.status] then name_it(m, sid) end
  local moved = status and reported(m.status, status)
  if moved then
    set_status(m, moved)
    if code then m.set.code = code end
  end
  -- Each word once, which also bounds what a flood of callbacks can write.
  if not string.find(m.history, ' ' .. word .. '\n', 1, true) then note(m, word) end
  if (moved == 'failed' or moved == 'undelivered') and a then tell(a, undelivered, id) end
  return (settled or moved) and 2 or 1
end))
