-- On the machine of the database: psql -f role.sql, as its superuser; then \password keymoor
CREATE ROLE keymoor LOGIN;
CREATE DATABASE keymoor OWNER keymoor ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE keymoor FROM PUBLIC;
