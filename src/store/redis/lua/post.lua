-- Store::post, grouped: each call's events, or none where too many wait.
return finish(each(function()
  if flag() and st.waiting >= MAX_WAITING then return { -st.waiting } end
  local posted = {}
  for i = 1, num() do posted[i] = post() and 1 or 0 end
  return posted
end))
