# The relay: programs and their tests.
