-- expect: done
-- use answers for the files of the program only.
for _, name in ipairs { "", ".", "..", "../x", "/etc/passwd", "offboard..x", ".offboard", "offboard/../x", "a\0b", ("a"):rep(1000), "argparse", "no.such" } do
  assert(not pcall(use, name), name)
end
