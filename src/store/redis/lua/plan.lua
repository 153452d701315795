-- Store::put_plan.
local id, topic, body = arg(), arg(), arg()
if not read_doc('p', id) then put_doc('p', id, '', topic, false, '', body) end
return finish({})
