-- Store::settle, grouped. A text's message and its contact are read and written once each.
return finish(each(function()
  local id, attempt, outcome = arg(), num(), arg()
  local m = message(id)
  local a = m and m.x and actor(m.owner)
  local e = a and find(a, id)
  if not e or m.x.attempt ~= attempt or (e.flight ~= 'p' and e.flight ~= 'u') then return 0 end
  if outcome == 'later' then
    -- It keeps its place in the order of queueing, and so is the head of its lane again.
    move(a, m, e, 'w', num())
    mark(m, 'put_back')
  elseif outcome == 'unknown' then
    move(a, m, e, 'u', num())
    mark(m, 'lost')
  elseif outcome == 'accepted' then
    local sid, segments, rest, quiet = arg(), some(), arg(), m.x.quiet
    take_out(a, m, e)
    if mark(m, 'accepted') then
      name_it(m, sid)
      m.set.sg = segments
    end
    if not quiet then tell(a, rest, id) end
  else
    local what, code, why, rest, rest_of_call = arg(), some(), arg(), arg(), arg()
    local is_call = e.call
    take_out(a, m, e)
    if not is_call and mark(m, what) then
      m.set.re = why
      if code then m.set.code = code else m.drop.code = true end
    end
    tell(a, is_call and rest_of_call or rest, id)
  end
  return 1
end))
