-- A registry of schema version 1: test_registry_upgrade.c tells how it was made.
--
-- PostgreSQL database dump
--

\restrict lYefsdVsfCc1Bdvd4uadTI5iMSn6Pe4QRsg8xAny5owGDV9VL0zP1xjFycbrHXS

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: access_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.access_key (
    id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    principal text NOT NULL COLLATE pg_catalog."C",
    sealed bytea NOT NULL,
    token_hash bytea,
    is_active bigint NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL
);


--
-- Name: account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    registration_code text COLLATE pg_catalog."C",
    created_ms bigint NOT NULL
);


--
-- Name: attribute; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.attribute (
    account text NOT NULL COLLATE pg_catalog."C",
    kind bigint NOT NULL,
    owner text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: ca; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ca (
    id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    der bytea NOT NULL,
    subject bytea NOT NULL,
    subject_hash bytea NOT NULL,
    mode bigint NOT NULL,
    is_active bigint NOT NULL,
    has_auto bigint NOT NULL,
    config text COLLATE pg_catalog."C",
    generation_id text NOT NULL COLLATE pg_catalog."C",
    customer_version bigint NOT NULL,
    created_ms bigint NOT NULL,
    modified_ms bigint NOT NULL,
    not_before_ms bigint NOT NULL,
    not_after_ms bigint NOT NULL
);


--
-- Name: certificate; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.certificate (
    id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    ca_id text COLLATE pg_catalog."C",
    mode bigint NOT NULL,
    status bigint NOT NULL,
    generation_id text NOT NULL COLLATE pg_catalog."C",
    previous_account text COLLATE pg_catalog."C",
    transfer_to text COLLATE pg_catalog."C",
    customer_version bigint NOT NULL,
    created_ms bigint NOT NULL,
    modified_ms bigint NOT NULL,
    not_before_ms bigint NOT NULL,
    not_after_ms bigint NOT NULL
);


--
-- Name: certificate_der; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.certificate_der (
    id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    der bytea NOT NULL
);


--
-- Name: change; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.change (
    generation bigint NOT NULL,
    kind bigint NOT NULL,
    account text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event (
    id bigint NOT NULL,
    time_ms bigint NOT NULL,
    account text COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    is_success bigint NOT NULL,
    client_id text COLLATE pg_catalog."C",
    certificate_id text COLLATE pg_catalog."C",
    principal text COLLATE pg_catalog."C",
    address text COLLATE pg_catalog."C",
    reason text COLLATE pg_catalog."C",
    detail text COLLATE pg_catalog."C"
);


--
-- Name: function; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.function (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    last_version bigint NOT NULL
);


--
-- Name: function_alias; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.function_alias (
    account text NOT NULL COLLATE pg_catalog."C",
    function text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    description text COLLATE pg_catalog."C",
    revision_id text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: function_code; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.function_code (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    code_sha256 text NOT NULL COLLATE pg_catalog."C",
    code bytea NOT NULL
);


--
-- Name: function_permission; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.function_permission (
    account text NOT NULL COLLATE pg_catalog."C",
    function text NOT NULL COLLATE pg_catalog."C",
    qualifier text NOT NULL COLLATE pg_catalog."C",
    statement_id text NOT NULL COLLATE pg_catalog."C",
    statement text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: function_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.function_version (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    config text NOT NULL COLLATE pg_catalog."C",
    description text COLLATE pg_catalog."C",
    code_sha256 text NOT NULL COLLATE pg_catalog."C",
    code_size bigint NOT NULL,
    revision_id text NOT NULL COLLATE pg_catalog."C",
    modified_ms bigint NOT NULL
);


--
-- Name: group_thing; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.group_thing (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    thing text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: keymoor_schema; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.keymoor_schema (
    version bigint NOT NULL
);


--
-- Name: policy; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.policy (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    default_version bigint NOT NULL,
    last_version bigint NOT NULL,
    generation_id text NOT NULL COLLATE pg_catalog."C",
    created_ms bigint NOT NULL,
    modified_ms bigint NOT NULL
);


--
-- Name: policy_target; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.policy_target (
    account text NOT NULL COLLATE pg_catalog."C",
    kind bigint NOT NULL,
    target text NOT NULL COLLATE pg_catalog."C",
    policy text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: policy_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.policy_version (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    document text NOT NULL COLLATE pg_catalog."C",
    created_ms bigint NOT NULL
);


--
-- Name: rule; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rule (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    sql text NOT NULL COLLATE pg_catalog."C",
    topic_filter text NOT NULL COLLATE pg_catalog."C",
    payload text NOT NULL COLLATE pg_catalog."C",
    is_enabled bigint NOT NULL,
    created_ms bigint NOT NULL
);


--
-- Name: setting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.setting (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: shadow; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shadow (
    account text NOT NULL COLLATE pg_catalog."C",
    thing text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    state text COLLATE pg_catalog."C",
    metadata text COLLATE pg_catalog."C",
    version bigint NOT NULL,
    deleted_ms bigint NOT NULL,
    modified_ms bigint NOT NULL
);


--
-- Name: template; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.template (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    description text COLLATE pg_catalog."C",
    body text NOT NULL COLLATE pg_catalog."C",
    role text COLLATE pg_catalog."C",
    type bigint NOT NULL,
    is_enabled bigint NOT NULL,
    created_ms bigint NOT NULL,
    modified_ms bigint NOT NULL
);


--
-- Name: thing; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thing (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    type text COLLATE pg_catalog."C",
    version bigint NOT NULL,
    created_ms bigint NOT NULL
);


--
-- Name: thing_group; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thing_group (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    parent text COLLATE pg_catalog."C",
    description text COLLATE pg_catalog."C",
    version bigint NOT NULL,
    created_ms bigint NOT NULL
);


--
-- Name: thing_principal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thing_principal (
    account text NOT NULL COLLATE pg_catalog."C",
    thing text NOT NULL COLLATE pg_catalog."C",
    certificate text NOT NULL COLLATE pg_catalog."C"
);


--
-- Name: thing_type; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.thing_type (
    account text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    description text COLLATE pg_catalog."C",
    searchable text NOT NULL COLLATE pg_catalog."C",
    created_ms bigint NOT NULL,
    deprecated_ms bigint NOT NULL
);


--
-- Data for Name: access_key; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.access_key VALUES ('AKIAOLDREGISTRY00000', '123456789012', 'user/old', '\xa5f67f6c7d7272f7550887b7668faff3e5174fed0d68bfc96e90d65a3a2db85d9f9ed86aee9c6f371a538efa877bdaefc7dfadc9b3a02fe041b91c2499c69812a1241669', NULL, 1, 1795696107442, 0);


--
-- Data for Name: account; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.account VALUES ('210987654321', 'other', NULL, 1795696107438);
INSERT INTO public.account VALUES ('123456789012', 'old', 'c0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0dec0de', 1795696107433);


--
-- Data for Name: attribute; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.attribute VALUES ('123456789012', 1, 'lamp', 'place', 'hall');


--
-- Data for Name: ca; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.ca VALUES ('dfaca427578dc9fc1e336e79510e4e261361f1a71645221aa861385c320f8227', '123456789012', '\x61204341277320444552', '\x434e3d6f6c64', '\xd16751c659d344905198812e7e54064ebac736c6611479311ad16ae83cd76d13', 0, 1, 1, '{"templateBody":"{}"}', '0297bd43-4250-4516-89f8-e300d860f029', 1, 1795696107459, 1795696107459, 1, 2);


--
-- Data for Name: certificate; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.certificate VALUES ('12485fd8bb6d74b8cf5a7f4ba6f5925187fd5ca7bedfa925988ce13b5e66b2bf', '123456789012', 'dfaca427578dc9fc1e336e79510e4e261361f1a71645221aa861385c320f8227', 0, 1, '46eeae29-99a1-422f-a3a2-f8ca486f3287', NULL, NULL, 1, 1795696107460, 1795696107460, 1, 2);
INSERT INTO public.certificate VALUES ('efbdc95568d8e559b3b1a46dbe4a9d7adad8de635928fdf64e99595801b6972e', '123456789012', 'dfaca427578dc9fc1e336e79510e4e261361f1a71645221aa861385c320f8227', 0, 4, '671d20a8-b6ce-4f95-b51f-b446e2cc014b', NULL, '210987654321', 2, 1795696107476, 1795696107476, 1, 2);


--
-- Data for Name: certificate_der; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.certificate_der VALUES ('12485fd8bb6d74b8cf5a7f4ba6f5925187fd5ca7bedfa925988ce13b5e66b2bf', '123456789012', '\x6120646576696365277320444552');
INSERT INTO public.certificate_der VALUES ('efbdc95568d8e559b3b1a46dbe4a9d7adad8de635928fdf64e99595801b6972e', '123456789012', '\x616e6f7468657220646576696365277320444552');


--
-- Data for Name: change; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.change VALUES (1, 1, '123456789012', '123456789012');
INSERT INTO public.change VALUES (2, 1, '210987654321', '210987654321');
INSERT INTO public.change VALUES (3, 1, '123456789012', '123456789012');
INSERT INTO public.change VALUES (4, 2, '123456789012', 'AKIAOLDREGISTRY00000');
INSERT INTO public.change VALUES (5, 1, '123456789012', '123456789012');
INSERT INTO public.change VALUES (6, 3, '123456789012', 'dfaca427578dc9fc1e336e79510e4e261361f1a71645221aa861385c320f8227');
INSERT INTO public.change VALUES (7, 4, '123456789012', '12485fd8bb6d74b8cf5a7f4ba6f5925187fd5ca7bedfa925988ce13b5e66b2bf');
INSERT INTO public.change VALUES (8, 5, '123456789012', 'allow');
INSERT INTO public.change VALUES (9, 5, '123456789012', 'allow');
INSERT INTO public.change VALUES (10, 4, '123456789012', '12485fd8bb6d74b8cf5a7f4ba6f5925187fd5ca7bedfa925988ce13b5e66b2bf');
INSERT INTO public.change VALUES (11, 4, '123456789012', 'efbdc95568d8e559b3b1a46dbe4a9d7adad8de635928fdf64e99595801b6972e');
INSERT INTO public.change VALUES (12, 4, '123456789012', 'efbdc95568d8e559b3b1a46dbe4a9d7adad8de635928fdf64e99595801b6972e');
INSERT INTO public.change VALUES (13, 7, '123456789012', 'lamps');
INSERT INTO public.change VALUES (14, 6, '123456789012', 'lamp');
INSERT INTO public.change VALUES (15, 8, '123456789012', 'house');
INSERT INTO public.change VALUES (16, 8, '123456789012', 'floor');
INSERT INTO public.change VALUES (17, 6, '123456789012', 'lamp');
INSERT INTO public.change VALUES (18, 4, '123456789012', '12485fd8bb6d74b8cf5a7f4ba6f5925187fd5ca7bedfa925988ce13b5e66b2bf');
INSERT INTO public.change VALUES (19, 9, '123456789012', 'rule');
INSERT INTO public.change VALUES (20, 10, '123456789012', 'template');
INSERT INTO public.change VALUES (21, 11, '123456789012', 'f');
INSERT INTO public.change VALUES (22, 11, '123456789012', 'f');
INSERT INTO public.change VALUES (23, 11, '123456789012', 'f');
INSERT INTO public.change VALUES (24, 11, '123456789012', 'f');


--
-- Data for Name: event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.event VALUES (1, 1795696107531, '123456789012', 'Connect', 1, 'lamp', NULL, NULL, NULL, 'in the old days', '{}');


--
-- Data for Name: function; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.function VALUES ('123456789012', 'f', 1);


--
-- Data for Name: function_alias; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.function_alias VALUES ('123456789012', 'f', 'live', 1, 'alias', 'cfc253ea-251d-47ab-acfd-324b2240a45a');


--
-- Data for Name: function_code; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.function_code VALUES ('123456789012', 'f', 'DuKaR8r/2m0S/lAzZNJwuUqaNwQ72s3aIsO+NFovNVc=', '\x504b20636f6465');


--
-- Data for Name: function_permission; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.function_permission VALUES ('123456789012', 'f', '', 'iot', '{}');


--
-- Data for Name: function_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.function_version VALUES ('123456789012', 'f', 1, '{}', 'first', 'DuKaR8r/2m0S/lAzZNJwuUqaNwQ72s3aIsO+NFovNVc=', 7, '60dbca52-baf2-40d5-9cc3-de906db55d7d', 1795696107519);
INSERT INTO public.function_version VALUES ('123456789012', 'f', 0, '{}', 'old', 'DuKaR8r/2m0S/lAzZNJwuUqaNwQ72s3aIsO+NFovNVc=', 7, '575f5804-892a-4e79-974b-1295ed371bfe', 1795696107512);


--
-- Data for Name: group_thing; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.group_thing VALUES ('123456789012', 'floor', 'lamp');


--
-- Data for Name: keymoor_schema; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.keymoor_schema VALUES (1);


--
-- Data for Name: policy; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.policy VALUES ('123456789012', 'allow', 2, 2, '1c4b252c-7b7b-45e3-8ecd-da7e2ad2704e', 1795696107462, 1795696107473);


--
-- Data for Name: policy_target; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.policy_target VALUES ('123456789012', 1, '12485fd8bb6d74b8cf5a7f4ba6f5925187fd5ca7bedfa925988ce13b5e66b2bf', 'allow');


--
-- Data for Name: policy_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.policy_version VALUES ('123456789012', 'allow', 1, '{"old":1}', 1795696107462);
INSERT INTO public.policy_version VALUES ('123456789012', 'allow', 2, '{"old":2}', 1795696107473);


--
-- Data for Name: rule; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.rule VALUES ('123456789012', 'rule', 'SELECT * FROM ''a''', 'a', '{"actions":[]}', 1, 1795696107508);


--
-- Data for Name: setting; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.setting VALUES ('123456789012', 'indexing', 'off');


--
-- Data for Name: shadow; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.shadow VALUES ('123456789012', 'lamp', '', '{"reported":{"on":true}}', '{}', 1, 0, 1795696107503);


--
-- Data for Name: template; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.template VALUES ('123456789012', 'template', NULL, '{}', NULL, 2, 1, 1795696107510, 1795696107510);


--
-- Data for Name: thing; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thing VALUES ('123456789012', 'lamp', '063f1e96-7660-475d-9f28-6fe2c28be755', 'lamps', 1, 1795696107477);


--
-- Data for Name: thing_group; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thing_group VALUES ('123456789012', 'house', '873b2a9e-55b5-4539-adf7-bb2aa799b169', NULL, NULL, 1, 1795696107482);
INSERT INTO public.thing_group VALUES ('123456789012', 'floor', '32f3bc73-b915-4c86-861b-686d45af4204', 'house', NULL, 1, 1795696107488);


--
-- Data for Name: thing_principal; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thing_principal VALUES ('123456789012', 'lamp', '12485fd8bb6d74b8cf5a7f4ba6f5925187fd5ca7bedfa925988ce13b5e66b2bf');


--
-- Data for Name: thing_type; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.thing_type VALUES ('123456789012', 'lamps', 'a304b0f7-4e08-4a32-b87f-a18a381c9b35', 'old lamps', 'place
', 1795696107476, 0);


--
-- Name: access_key access_key_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.access_key
    ADD CONSTRAINT access_key_pkey PRIMARY KEY (id);


--
-- Name: account account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);


--
-- Name: attribute attribute_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.attribute
    ADD CONSTRAINT attribute_pkey PRIMARY KEY (account, kind, owner, name);


--
-- Name: ca ca_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ca
    ADD CONSTRAINT ca_pkey PRIMARY KEY (id, account);


--
-- Name: certificate_der certificate_der_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.certificate_der
    ADD CONSTRAINT certificate_der_pkey PRIMARY KEY (id, account);


--
-- Name: certificate certificate_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.certificate
    ADD CONSTRAINT certificate_pkey PRIMARY KEY (id, account);


--
-- Name: change change_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (generation);


--
-- Name: event event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (id);


--
-- Name: function_alias function_alias_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_alias
    ADD CONSTRAINT function_alias_pkey PRIMARY KEY (account, function, name);


--
-- Name: function_code function_code_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_code
    ADD CONSTRAINT function_code_pkey PRIMARY KEY (account, name, code_sha256);


--
-- Name: function_permission function_permission_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_permission
    ADD CONSTRAINT function_permission_pkey PRIMARY KEY (account, function, qualifier, statement_id);


--
-- Name: function function_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function
    ADD CONSTRAINT function_pkey PRIMARY KEY (account, name);


--
-- Name: function_version function_version_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_version
    ADD CONSTRAINT function_version_pkey PRIMARY KEY (account, name, version);


--
-- Name: group_thing group_thing_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.group_thing
    ADD CONSTRAINT group_thing_pkey PRIMARY KEY (account, name, thing);


--
-- Name: policy policy_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policy
    ADD CONSTRAINT policy_pkey PRIMARY KEY (account, name);


--
-- Name: policy_target policy_target_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policy_target
    ADD CONSTRAINT policy_target_pkey PRIMARY KEY (account, kind, target, policy);


--
-- Name: policy_version policy_version_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policy_version
    ADD CONSTRAINT policy_version_pkey PRIMARY KEY (account, name, version);


--
-- Name: rule rule_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rule
    ADD CONSTRAINT rule_pkey PRIMARY KEY (account, name);


--
-- Name: setting setting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (account, name);


--
-- Name: shadow shadow_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shadow
    ADD CONSTRAINT shadow_pkey PRIMARY KEY (account, thing, name);


--
-- Name: template template_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.template
    ADD CONSTRAINT template_pkey PRIMARY KEY (account, name);


--
-- Name: thing_group thing_group_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing_group
    ADD CONSTRAINT thing_group_pkey PRIMARY KEY (account, name);


--
-- Name: thing thing_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing
    ADD CONSTRAINT thing_pkey PRIMARY KEY (account, name);


--
-- Name: thing_principal thing_principal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing_principal
    ADD CONSTRAINT thing_principal_pkey PRIMARY KEY (account, thing, certificate);


--
-- Name: thing_type thing_type_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing_type
    ADD CONSTRAINT thing_type_pkey PRIMARY KEY (account, name);


--
-- Name: access_key_end; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX access_key_end ON public.access_key USING btree (expires_ms);


--
-- Name: access_key_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX access_key_of ON public.access_key USING btree (account, id);


--
-- Name: attribute_by_value; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX attribute_by_value ON public.attribute USING btree (account, kind, name, value, owner);


--
-- Name: ca_by_subject; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ca_by_subject ON public.ca USING btree (account, subject_hash);


--
-- Name: ca_in_order; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ca_in_order ON public.ca USING btree (account, created_ms, id);


--
-- Name: certificate_in_order; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX certificate_in_order ON public.certificate USING btree (account, created_ms, id);


--
-- Name: certificate_of_ca; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX certificate_of_ca ON public.certificate USING btree (account, ca_id, created_ms, id);


--
-- Name: event_by_certificate; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_by_certificate ON public.event USING btree (certificate_id, id);


--
-- Name: event_by_client; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_by_client ON public.event USING btree (client_id, id);


--
-- Name: event_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX event_by_time ON public.event USING btree (time_ms);


--
-- Name: group_thing_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX group_thing_of ON public.group_thing USING btree (account, thing, name);


--
-- Name: policy_target_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX policy_target_of ON public.policy_target USING btree (account, policy, kind, target);


--
-- Name: shadow_deleted; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX shadow_deleted ON public.shadow USING btree (deleted_ms) WHERE (deleted_ms <> 0);


--
-- Name: thing_group_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX thing_group_of ON public.thing_group USING btree (account, parent, name);


--
-- Name: thing_of_type; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX thing_of_type ON public.thing USING btree (account, type, name);


--
-- Name: thing_principal_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX thing_principal_of ON public.thing_principal USING btree (account, certificate, thing);


--
-- Name: access_key access_key_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.access_key
    ADD CONSTRAINT access_key_account_fkey FOREIGN KEY (account) REFERENCES public.account(id) ON DELETE CASCADE;


--
-- Name: ca ca_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ca
    ADD CONSTRAINT ca_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: certificate certificate_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.certificate
    ADD CONSTRAINT certificate_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: certificate_der certificate_der_id_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.certificate_der
    ADD CONSTRAINT certificate_der_id_account_fkey FOREIGN KEY (id, account) REFERENCES public.certificate(id, account) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: function function_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function
    ADD CONSTRAINT function_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: function_alias function_alias_account_function_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_alias
    ADD CONSTRAINT function_alias_account_function_fkey FOREIGN KEY (account, function) REFERENCES public.function(account, name) ON DELETE CASCADE;


--
-- Name: function_code function_code_account_name_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_code
    ADD CONSTRAINT function_code_account_name_fkey FOREIGN KEY (account, name) REFERENCES public.function(account, name) ON DELETE CASCADE;


--
-- Name: function_permission function_permission_account_function_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_permission
    ADD CONSTRAINT function_permission_account_function_fkey FOREIGN KEY (account, function) REFERENCES public.function(account, name) ON DELETE CASCADE;


--
-- Name: function_version function_version_account_name_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.function_version
    ADD CONSTRAINT function_version_account_name_fkey FOREIGN KEY (account, name) REFERENCES public.function(account, name) ON DELETE CASCADE;


--
-- Name: group_thing group_thing_account_name_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.group_thing
    ADD CONSTRAINT group_thing_account_name_fkey FOREIGN KEY (account, name) REFERENCES public.thing_group(account, name) ON DELETE CASCADE;


--
-- Name: group_thing group_thing_account_thing_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.group_thing
    ADD CONSTRAINT group_thing_account_thing_fkey FOREIGN KEY (account, thing) REFERENCES public.thing(account, name) ON DELETE CASCADE;


--
-- Name: policy policy_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policy
    ADD CONSTRAINT policy_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: policy_target policy_target_account_policy_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policy_target
    ADD CONSTRAINT policy_target_account_policy_fkey FOREIGN KEY (account, policy) REFERENCES public.policy(account, name);


--
-- Name: policy_version policy_version_account_name_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policy_version
    ADD CONSTRAINT policy_version_account_name_fkey FOREIGN KEY (account, name) REFERENCES public.policy(account, name) ON DELETE CASCADE;


--
-- Name: rule rule_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rule
    ADD CONSTRAINT rule_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: setting setting_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_account_fkey FOREIGN KEY (account) REFERENCES public.account(id) ON DELETE CASCADE;


--
-- Name: shadow shadow_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shadow
    ADD CONSTRAINT shadow_account_fkey FOREIGN KEY (account) REFERENCES public.account(id) ON DELETE CASCADE;


--
-- Name: template template_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.template
    ADD CONSTRAINT template_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: thing thing_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing
    ADD CONSTRAINT thing_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: thing thing_account_type_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing
    ADD CONSTRAINT thing_account_type_fkey FOREIGN KEY (account, type) REFERENCES public.thing_type(account, name);


--
-- Name: thing_group thing_group_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing_group
    ADD CONSTRAINT thing_group_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- Name: thing_group thing_group_account_parent_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing_group
    ADD CONSTRAINT thing_group_account_parent_fkey FOREIGN KEY (account, parent) REFERENCES public.thing_group(account, name);


--
-- Name: thing_principal thing_principal_account_thing_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing_principal
    ADD CONSTRAINT thing_principal_account_thing_fkey FOREIGN KEY (account, thing) REFERENCES public.thing(account, name);


--
-- Name: thing_type thing_type_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.thing_type
    ADD CONSTRAINT thing_type_account_fkey FOREIGN KEY (account) REFERENCES public.account(id);


--
-- PostgreSQL database dump complete
--

\unrestrict lYefsdVsfCc1Bdvd4uadTI5iMSn6Pe4QRsg8xAny5owGDV9VL0zP1xjFycbrHXS

