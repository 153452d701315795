-- Store::put_broadcast: the row that is known, if there is one.
local known = put_broadcast(arg(), arg(), flag(), arg(), arg(), num())
return finish({ known or false })
