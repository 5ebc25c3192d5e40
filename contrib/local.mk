# Units, samples, and the scripts behind the two commands.
