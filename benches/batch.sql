-- about: statements of 1,000 events, 10 per aggregate (25 s)
CALL make_pair('optional_v7', 'optional');
CALL make_pair('optional_v4', 'optional');
CALL make_pair('auto_v7');
CALL make_pair('auto_v4');
CALL alternate('INSERT of 1,000, optional, UUID v7', 20000,
    thousand('optional_v7', 'pganalytics.uuid_v7()', NULL), thousand('optional_v7_twin', 'pganalytics.uuid_v7()', NULL), 20);
CALL alternate('INSERT of 1,000, optional, UUID v4', 20000,
    thousand('optional_v4', 'gen_random_uuid()', NULL), thousand('optional_v4_twin', 'gen_random_uuid()', NULL), 20);
CALL alternate('INSERT of 1,000, auto, UUID v7', 20000,
    thousand('auto_v7', 'pganalytics.uuid_v7()', NULL), thousand('auto_v7_twin', 'pganalytics.uuid_v7()', 'n % 10 + 1'), 20);
CALL alternate('INSERT of 1,000, auto, UUID v4', 20000,
    thousand('auto_v4', 'gen_random_uuid()', NULL), thousand('auto_v4_twin', 'gen_random_uuid()', 'n % 10 + 1'), 20);
