-- about: one event per transaction on 10,000 aggregates, 8 clients, 15 runs of 2 s each in turn (a minute)
-- clients: INSERT of 1, 8 clients
CALL make_pair('single');
