-- Takes back the same.
SELECT 1;
