-- about: one event per transaction on 10,000 aggregates, 8 clients, 11 runs of 3 s each in turn (a minute)
-- clients: INSERT of 1, 8 clients
CALL make_pair('single');
