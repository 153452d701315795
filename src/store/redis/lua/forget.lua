-- Store::forget: what was written down as old, oldest first; what still lives is written down anew.
local before, left = num(), num()
while left > 0 do
  local row = call('LINDEX', P .. 'old', 0)
  if not row then break end
  local time, kind, id = string.match(row, '^(%d+) (%a) (.*)$')
  if tonumber(time) >= before then break end
  call('LPOP', P .. 'old')
  left = left - 1
  if kind == 'm' then
    local v = call('HMGET', P .. 'm:' .. id, 'st', 'x', 'sid', 'a')
    if v[1] and (OPEN[v[1]] or v[2]) then
      age('m', id)
    elseif v[1] then
      if v[3] then call('HDEL', P .. 'sid', v[3]) end
      local a = v[4] and actor(v[4])
      call('UNLINK', P .. 'm:' .. id)
      del('all:m', id)
      if a then del('d:' .. a.n, 'm' .. id) end
    end
  elseif kind == 'j' then
    call('LPOP', P .. 'j:' .. id)
  else
    local doc = read_doc(kind, id)
    if doc and not doc.open then drop_doc(kind, id, doc) end
  end
end
local seen = left > 0 and call('ZRANGEBYSCORE', P .. 'seen', '-inf', '(' .. whole(before), 'LIMIT', 0, left) or {}
many('ZREM', P .. 'seen', seen)
return finish({ left - #seen == 0 and 1 or 0 })
