-- about: one event per transaction on 10,000 aggregates, 8 clients, 7 runs of 8 s each in turn (2 minutes)
-- clients: INSERT of 1, 8 clients
CALL make_pair('single');
