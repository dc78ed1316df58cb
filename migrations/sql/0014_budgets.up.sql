-- Filled in by the work on its subject.
SELECT 1;
