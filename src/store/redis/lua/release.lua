-- Store::release, grouped.
return finish(each(function()
  local a, lease, at, failed = actor(arg()), num(), num(), flag()
  if not a or a.lease == 0 or a.lease ~= lease then return 0 end
  unlease(a, failed and a.attempts or math.max(0, a.attempts - 1), at)
  return 1
end))
