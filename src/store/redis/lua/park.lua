-- Store::park.
local a, lease, event, id, body = actor(arg()), num(), num(), arg(), arg()
if a and a.lease ~= 0 and a.lease == lease then
  if event then
    consume(a, { event })
  elseif a.clock then
    a.clock = math.max(a.clock, now + CLOCKS_REST)
    a.set.k = a.clock
  end
  put_doc('x', whole(st.docs + 1), a.n, '', false, '', body)
  unlease(a, 0, first_wake(a))
end
return finish({})
