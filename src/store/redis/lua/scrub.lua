-- One page of what is left of an erased person, by number; 1 if there is more.
local n = arg()
local members = call('ZRANGE', P .. 'd:' .. n, 0, MAX_PAGE - 1)
for _, member in ipairs(members) do
  local kind, id = string.sub(member, 1, 1), string.sub(member, 2)
  if kind == 'm' then
    local sid = call('HGET', P .. 'm:' .. id, 'sid')
    if sid then call('HDEL', P .. 'sid', sid) end
    call('UNLINK', P .. 'm:' .. id)
    del('all:m', id)
    del('open:m', id)
  else
    local doc = read_doc(kind, id)
    if doc then drop_doc(kind, id, doc) end
  end
  del('d:' .. n, member)
end
if #members == MAX_PAGE then return finish({ 1 }) end
call('SREM', P .. 'erasing', n)
return finish({ 0 })
