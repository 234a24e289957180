BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0007');
CREATE TABLE cases (
	id INTEGER NOT NULL, 
	cause_id INTEGER NOT NULL, 
	brand TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	opened_at DATETIME NOT NULL, 
	last_at DATETIME NOT NULL, 
	level SMALLINT NOT NULL, 
	reasons JSON NOT NULL, 
	state TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	owner TEXT, 
	owner_name TEXT, 
	told_at DATETIME, 
	taken_at DATETIME, 
	answered_at DATETIME, 
	updated_at DATETIME, 
	done_at DATETIME, 
	ended_at DATETIME, 
	snoozed_until DATETIME, 
	due_at DATETIME, 
	CONSTRAINT pk_cases PRIMARY KEY (id), 
	CONSTRAINT fk_cases_cause_id FOREIGN KEY(cause_id) REFERENCES causes (id)
);
INSERT INTO "cases" VALUES(1,1,'Acme','delivery','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',2,'["waits"]','taken',1,'U1','Ann',NULL,'2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,'2026-11-22 10:01:00.123456');
CREATE TABLE "causes" (
	id INTEGER NOT NULL, 
	brand TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	grouping TEXT NOT NULL, 
	episode INTEGER NOT NULL, 
	opened_at DATETIME NOT NULL, 
	CONSTRAINT pk_cases PRIMARY KEY (id), 
	CONSTRAINT uq_cases_brand UNIQUE (brand, topic, grouping, episode)
);
INSERT INTO "causes" VALUES(1,'Acme','delivery','topic-2026-11',1,'2026-11-22 10:00:00.123456');
CREATE TABLE copies (
	"key" TEXT NOT NULL, 
	mention_id INTEGER NOT NULL, 
	CONSTRAINT pk_copies PRIMARY KEY ("key", mention_id), 
	CONSTRAINT fk_copies_mention_id FOREIGN KEY(mention_id) REFERENCES mentions (id)
)
 WITHOUT ROWID

;
CREATE TABLE corrections (
	id INTEGER NOT NULL, 
	mention_id INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	why TEXT NOT NULL, 
	at DATETIME NOT NULL, topic TEXT, 
	CONSTRAINT pk_corrections PRIMARY KEY (id), 
	CONSTRAINT fk_corrections_mention_id FOREIGN KEY(mention_id) REFERENCES mentions (id)
);
INSERT INTO "corrections" VALUES(1,2,'complaint','bob','irony 😡','2026-11-22 10:00:00.123456',NULL);
CREATE TABLE cursors (
	source TEXT NOT NULL, 
	cursor TEXT, 
	oldest DATETIME NOT NULL, 
	saved_at DATETIME NOT NULL, 
	CONSTRAINT pk_cursors PRIMARY KEY (source)
);
INSERT INTO "cursors" VALUES('news','cursor-17','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456');
CREATE TABLE digests (
	name TEXT NOT NULL, 
	day DATE NOT NULL, 
	decided_at DATETIME NOT NULL, 
	is_sent BOOLEAN NOT NULL, 
	CONSTRAINT pk_digests PRIMARY KEY (name, day)
)
 WITHOUT ROWID

;
INSERT INTO "digests" VALUES('marketing','2026-11-22','2026-11-22 10:00:00.123456',1);
CREATE TABLE facts (
	id INTEGER NOT NULL, 
	case_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	step TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	via TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	remedy TEXT, 
	note TEXT, 
	evidence TEXT, 
	CONSTRAINT pk_facts PRIMARY KEY (id), 
	CONSTRAINT fk_facts_case_id FOREIGN KEY(case_id) REFERENCES cases (id), 
	CONSTRAINT uq_facts_case_id UNIQUE (case_id, "key")
);
INSERT INTO "facts" VALUES(1,1,'take/U1','take','U1','Ann','slack','2026-11-22 10:00:00.123456',NULL,'mine',NULL);
CREATE TABLE gaps (
	id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	start DATETIME NOT NULL, 
	"end" DATETIME NOT NULL, 
	why TEXT NOT NULL, 
	found_at DATETIME NOT NULL, 
	told_at DATETIME, 
	closed_at DATETIME, 
	CONSTRAINT pk_gaps PRIMARY KEY (id), 
	CONSTRAINT uq_gaps_source UNIQUE (source, start, "end")
);
INSERT INTO "gaps" VALUES(1,'news','2026-11-22 09:59:00.123456','2026-11-22 10:00:00.123456','the feed holds only ten entries','2026-11-22 10:00:00.123456',NULL,NULL);
CREATE TABLE health (
	name TEXT NOT NULL, 
	last_ok DATETIME, 
	last_item DATETIME, 
	troubled_since DATETIME, 
	streak INTEGER NOT NULL, 
	problem TEXT, 
	is_permanent BOOLEAN NOT NULL, 
	resting_until DATETIME, 
	told_at DATETIME, 
	CONSTRAINT pk_health PRIMARY KEY (name)
);
INSERT INTO "health" VALUES('source/news','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,0,NULL,0,NULL,NULL);
INSERT INTO "health" VALUES('target/slack',NULL,NULL,'2026-11-22 10:00:00.123456',2,'Slack asks to wait',0,NULL,NULL);
CREATE TABLE incident_facts (
	id INTEGER NOT NULL, 
	cause_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	step TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	via TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	remedy TEXT, 
	note TEXT, 
	evidence TEXT, 
	CONSTRAINT pk_incident_facts PRIMARY KEY (id), 
	CONSTRAINT fk_incident_facts_cause_id FOREIGN KEY(cause_id) REFERENCES causes (id), 
	CONSTRAINT uq_incident_facts_cause_id UNIQUE (cause_id, "key")
);
INSERT INTO "incident_facts" VALUES(1,1,'take/U1','take','U1','Ann','slack','2026-11-22 10:00:00.123456',NULL,'mine',NULL);
CREATE TABLE incidents (
	cause_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	owner TEXT, 
	owner_name TEXT, 
	taken_at DATETIME, 
	muted_until DATETIME, 
	done_at DATETIME, 
	CONSTRAINT pk_incidents PRIMARY KEY (cause_id), 
	CONSTRAINT fk_incidents_cause_id FOREIGN KEY(cause_id) REFERENCES causes (id)
);
INSERT INTO "incidents" VALUES(1,1,'U1','Ann','2026-11-22 10:00:00.123456',NULL,NULL);
CREATE TABLE leases (
	name TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	until DATETIME NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('worker','host:1:abc','2026-11-22 10:01:00.123456');
CREATE TABLE mentions (
	id INTEGER NOT NULL, 
	native_id TEXT NOT NULL, 
	platform TEXT NOT NULL, 
	brand TEXT NOT NULL, 
	source TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	author TEXT, 
	text TEXT NOT NULL, 
	url TEXT, 
	posted_at DATETIME NOT NULL, 
	collected_at DATETIME NOT NULL, 
	language TEXT, 
	followers INTEGER, 
	reposts INTEGER, 
	reply_to TEXT, 
	is_own BOOLEAN NOT NULL, 
	matched JSON NOT NULL, 
	fingerprint TEXT NOT NULL, 
	stage SMALLINT NOT NULL, 
	judged_by TEXT, 
	cause_id INTEGER, author_since DATETIME, rating SMALLINT, context TEXT, edited_at DATETIME, looked_at DATETIME, missed_at DATETIME, forgotten_at DATETIME, case_id INTEGER CONSTRAINT fk_mentions_case_id REFERENCES cases (id), theme_id INTEGER, theme_near FLOAT, seen_as TEXT, 
	CONSTRAINT pk_mentions PRIMARY KEY (id), 
	CONSTRAINT fk_mentions_case_id FOREIGN KEY(cause_id) REFERENCES "causes" (id), 
	CONSTRAINT uq_mentions_native_id UNIQUE (native_id, platform, brand)
);
INSERT INTO "mentions" VALUES(1,'new','social','Acme','news','post','new','Acme 📦 is new','https://x.y/','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,0,'["Acme"]','ffab8d40bbd121fd',0,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "mentions" VALUES(2,'dull','social','Acme','news','post','dull','Acme 📦 is dull','https://x.y/','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,0,'["Acme"]','ba01f896f234af3e',3,'old@1',NULL,NULL,NULL,NULL,NULL,'2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "mentions" VALUES(3,'complaint','social','Acme','news','post','complaint','Acme 📦 is complaint','https://x.y/','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,0,'["Acme"]','4c18310f101cfa30',1,'old@1',NULL,NULL,NULL,NULL,NULL,'2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "mentions" VALUES(4,'waiting','social','Acme','news','post','waiting','Acme 📦 is waiting','https://x.y/','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,0,'["Acme"]','ae4461ac5e093cb7',2,'old@1',1,NULL,NULL,NULL,NULL,'2026-11-22 10:00:00.123456',NULL,NULL,1,NULL,NULL,NULL);
INSERT INTO "mentions" VALUES(5,'told','social','Acme','news','post','told','Acme 📦 is told','https://x.y/','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,0,'["Acme"]','a6c213e697c361d2',3,'old@1',1,NULL,NULL,NULL,NULL,'2026-11-22 10:00:00.123456',NULL,NULL,1,1,0.75,NULL);
INSERT INTO "mentions" VALUES(6,'own','social','Acme','news','post','own','Acme 📦 is own','https://x.y/','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,1,'["Acme"]','15295442c5b0c12b',3,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "mentions" VALUES(7,'deleted','social','Acme','news','post',NULL,'',NULL,'2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,0,'[]','ae1c5492f3d8e0f8',3,NULL,NULL,NULL,NULL,NULL,NULL,'2026-11-22 10:00:00.123456',NULL,'2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL);
CREATE TABLE orders (
	brand TEXT NOT NULL, 
	day DATE NOT NULL, 
	amount INTEGER NOT NULL, 
	CONSTRAINT pk_orders PRIMARY KEY (brand, day)
)
 WITHOUT ROWID

;
INSERT INTO "orders" VALUES('Acme','2026-11-22',500);
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	target TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	thread TEXT, 
	cause_id INTEGER, 
	reason TEXT, 
	voices INTEGER, 
	message JSON NOT NULL, 
	state TEXT NOT NULL, 
	is_doubtful BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	doubts INTEGER DEFAULT 0 NOT NULL, 
	created_at DATETIME NOT NULL, 
	due_at DATETIME NOT NULL, 
	started_at DATETIME, 
	claimed_at DATETIME, 
	sent_at DATETIME, 
	error TEXT, 
	reference TEXT, case_id INTEGER CONSTRAINT fk_outbox_case_id REFERENCES cases (id), urgency SMALLINT DEFAULT 3 NOT NULL, 
	CONSTRAINT pk_outbox PRIMARY KEY (id), 
	CONSTRAINT fk_outbox_case_id FOREIGN KEY(cause_id) REFERENCES "causes" (id), 
	CONSTRAINT uq_outbox_target UNIQUE (target, "key")
);
INSERT INTO "outbox" VALUES(1,'slack','sent',NULL,1,'first complaint',2,'{"key": "sent", "title": "Complaint \u00b7 delivery \u00b7 Acme", "quotes": [], "facts": [], "why": [], "more": 0, "tone": "alert", "thread": null, "edits": false, "case": null, "offers": [], "pings": []}','sent',0,1,0,'2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,'C1:17.5',1,3);
INSERT INTO "outbox" VALUES(2,'slack','sending',NULL,NULL,NULL,NULL,'{"key": "sending", "title": "A message \u00b7 sending", "quotes": [], "facts": [], "why": [], "more": 0, "tone": "alert", "thread": null, "edits": false, "case": null, "offers": [], "pings": []}','sending',0,1,0,'2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,2);
INSERT INTO "outbox" VALUES(3,'slack','doubtful',NULL,NULL,NULL,NULL,'{"key": "doubtful", "title": "A message \u00b7 doubtful", "quotes": [], "facts": [], "why": [], "more": 0, "tone": "alert", "thread": null, "edits": false, "case": null, "offers": [], "pings": []}','pending',1,1,1,'2026-11-22 10:00:00.123456','2026-11-22 11:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,'Slack''s answer was lost',NULL,NULL,2);
INSERT INTO "outbox" VALUES(4,'slack','dead',NULL,NULL,NULL,NULL,'{"key": "dead", "title": "A message \u00b7 dead", "quotes": [], "facts": [], "why": [], "more": 0, "tone": "alert", "thread": null, "edits": false, "case": null, "offers": [], "pings": []}','dead',0,1,0,'2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,'Slack refuses this message',NULL,NULL,2);
INSERT INTO "outbox" VALUES(5,'slack','dropped',NULL,NULL,NULL,NULL,'{"key": "dropped", "title": "A message \u00b7 dropped", "quotes": [], "facts": [], "why": [], "more": 0, "tone": "alert", "thread": null, "edits": false, "case": null, "offers": [], "pings": []}','dropped',0,0,0,'2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "outbox" VALUES(6,'slack','pending','sent',NULL,NULL,NULL,'{"key": "pending", "title": "A message \u00b7 pending", "quotes": [], "facts": [], "why": [], "more": 0, "tone": "alert", "thread": "sent", "edits": false, "case": null, "offers": [], "pings": []}','pending',0,0,0,'2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,NULL,2);
CREATE TABLE pulses (
	source TEXT NOT NULL, 
	hour DATETIME NOT NULL, 
	seen INTEGER NOT NULL, 
	skipped INTEGER NOT NULL, 
	CONSTRAINT pk_pulses PRIMARY KEY (source, hour)
)
 WITHOUT ROWID

;
INSERT INTO "pulses" VALUES('news','2026-11-22 10:00:00.000000',6,1);
CREATE TABLE quoted (
	post TEXT NOT NULL, 
	outbox_id INTEGER NOT NULL, 
	CONSTRAINT pk_quoted PRIMARY KEY (post, outbox_id), 
	CONSTRAINT fk_quoted_outbox_id FOREIGN KEY(outbox_id) REFERENCES outbox (id)
)
 WITHOUT ROWID

;
CREATE TABLE reach (
	mention_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	reposts INTEGER, 
	CONSTRAINT pk_reach PRIMARY KEY (mention_id, at), 
	CONSTRAINT fk_reach_mention_id FOREIGN KEY(mention_id) REFERENCES mentions (id)
)
 WITHOUT ROWID

;
INSERT INTO "reach" VALUES(5,'2026-11-22 10:00:00.123456',4);
CREATE TABLE restraints (
	brand TEXT NOT NULL, 
	platform TEXT NOT NULL, 
	author TEXT NOT NULL, 
	case_id INTEGER NOT NULL, 
	until DATETIME NOT NULL, 
	"by" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	why TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT pk_restraints PRIMARY KEY (author, platform, brand), 
	CONSTRAINT fk_restraints_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
)
 WITHOUT ROWID

;
INSERT INTO "restraints" VALUES('Acme','social','told',1,'2027-02-20 10:00:00.123456','U1','Ann','insults the staff','2026-11-22 10:00:00.123456',NULL);
CREATE TABLE silences (
	id INTEGER NOT NULL, 
	matching JSON NOT NULL, 
	until DATETIME NOT NULL, 
	"by" TEXT NOT NULL, 
	why TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_silences PRIMARY KEY (id)
);
INSERT INTO "silences" VALUES(1,'{"brands": [], "topics": ["billing_refund"], "platforms": [], "sources": [], "languages": [], "levels": []}','2027-11-22 10:00:00.123456','ann','known','2026-11-22 10:00:00.123456');
CREATE TABLE spending (
	account TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	hour DATETIME NOT NULL, 
	amount FLOAT NOT NULL, 
	CONSTRAINT pk_spending PRIMARY KEY (account, unit, hour)
)
 WITHOUT ROWID

;
INSERT INTO "spending" VALUES('x/1','USD','2026-11-22 10:00:00.000000',0.25);
CREATE TABLE surge_facts (
	id INTEGER NOT NULL, 
	surge_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	mark TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	via TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	until DATETIME, 
	CONSTRAINT pk_surge_facts PRIMARY KEY (id), 
	CONSTRAINT fk_surge_facts_surge_id FOREIGN KEY(surge_id) REFERENCES surges (id), 
	CONSTRAINT uq_surge_facts_surge_id UNIQUE (surge_id, "key")
);
INSERT INTO "surge_facts" VALUES(1,1,'known/1','known issue','U1','Ann','slack','2026-11-22 10:00:00.123456',NULL);
CREATE TABLE "surges" (
	id INTEGER NOT NULL, 
	brand TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	first_at DATETIME NOT NULL, 
	found_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	people INTEGER NOT NULL, 
	peak INTEGER NOT NULL, 
	expected FLOAT NOT NULL, 
	platform TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_surges PRIMARY KEY (id), 
	CONSTRAINT uq_surges_brand UNIQUE (brand, topic, platform, found_at)
);
INSERT INTO "surges" VALUES(1,'Acme','delivery','surge','2026-11-22 09:59:00.123456','2026-11-22 10:00:00.123456','2026-11-22 10:00:00.123456',NULL,20,20,4.5,'');
CREATE TABLE themes (
	id INTEGER NOT NULL, 
	brand TEXT NOT NULL, 
	space TEXT NOT NULL, 
	total BLOB, 
	size INTEGER NOT NULL, 
	name JSON, 
	first_at DATETIME NOT NULL, 
	last_mention INTEGER NOT NULL, 
	CONSTRAINT pk_themes PRIMARY KEY (id)
);
INSERT INTO "themes" VALUES(1,'Acme','space',X'0000803F',1,'["parcel locker"]','2026-11-22 10:00:00.123456',5);
CREATE TABLE told (
	mention_id INTEGER NOT NULL, 
	target TEXT NOT NULL, 
	outbox_id INTEGER NOT NULL, 
	CONSTRAINT pk_told PRIMARY KEY (mention_id, target), 
	CONSTRAINT fk_told_mention_id FOREIGN KEY(mention_id) REFERENCES mentions (id), 
	CONSTRAINT fk_told_outbox_id FOREIGN KEY(outbox_id) REFERENCES outbox (id)
)
 WITHOUT ROWID

;
INSERT INTO "told" VALUES(4,'slack',1);
INSERT INTO "told" VALUES(5,'slack',1);
CREATE TABLE verdicts (
	mention_id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	label TEXT NOT NULL, 
	complaint FLOAT NOT NULL, 
	topics JSON NOT NULL, 
	at DATETIME NOT NULL, sentiment TEXT, intent TEXT, severity JSON, arousal FLOAT, language TEXT, is_measured BOOLEAN DEFAULT true NOT NULL, 
	CONSTRAINT pk_verdicts PRIMARY KEY (mention_id, model), 
	CONSTRAINT fk_verdicts_mention_id FOREIGN KEY(mention_id) REFERENCES mentions (id)
)
 WITHOUT ROWID

;
INSERT INTO "verdicts" VALUES(2,'old@1','other',0.9,'["delivery"]','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "verdicts" VALUES(3,'old@1','complaint',0.9,'["delivery"]','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "verdicts" VALUES(4,'old@1','complaint',0.9,'["delivery"]','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "verdicts" VALUES(5,'old@1','complaint',0.9,'["delivery"]','2026-11-22 10:00:00.123456',NULL,NULL,NULL,NULL,NULL,1);
CREATE INDEX ix_mentions_due ON mentions (stage, id) WHERE stage < 3;
CREATE INDEX ix_outbox_sent ON outbox (target, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX ix_corrections_mention_id ON corrections (mention_id);
CREATE INDEX ix_told_outbox_id ON told (outbox_id);
CREATE INDEX ix_mentions_look ON mentions (platform, looked_at) WHERE forgotten_at IS NULL;
CREATE INDEX ix_mentions_missed ON mentions (platform, missed_at) WHERE missed_at IS NOT NULL;
CREATE INDEX ix_mentions_cause ON mentions (cause_id, posted_at) WHERE cause_id IS NOT NULL;
CREATE INDEX ix_outbox_cause ON outbox (cause_id, target);
CREATE INDEX ix_cases_cause_id ON cases (cause_id);
CREATE INDEX ix_cases_due_at ON cases (due_at);
CREATE INDEX ix_mentions_case ON mentions (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX ix_mentions_voice ON mentions (cause_id, author) WHERE case_id IS NOT NULL;
CREATE INDEX ix_mentions_copy ON mentions (fingerprint) WHERE case_id IS NOT NULL;
CREATE INDEX ix_outbox_case ON outbox (case_id, target);
CREATE INDEX ix_copies_mention_id ON copies (mention_id);
CREATE INDEX ix_outbox_standing ON outbox (target, created_at) WHERE reason IS NOT NULL AND thread IS NULL;
CREATE INDEX ix_outbox_due ON outbox (target, urgency, id) WHERE state IN ('pending', 'sending');
CREATE INDEX ix_mentions_posted ON mentions (brand, posted_at, case_id);
CREATE INDEX ix_themes_live ON themes (brand, space, last_mention) WHERE total IS NOT NULL;
CREATE INDEX ix_mentions_ungathered ON mentions (id) WHERE case_id IS NOT NULL AND theme_id IS NULL AND forgotten_at IS NULL;
CREATE INDEX ix_mentions_theme ON mentions (theme_id, posted_at) WHERE theme_id IS NOT NULL;
CREATE INDEX ix_cases_opened ON cases (opened_at, brand, state, answered_at);
CREATE INDEX ix_mentions_complaint ON mentions (brand, posted_at, case_id, platform, author, native_id, theme_id) WHERE case_id IS NOT NULL;
CREATE INDEX ix_mentions_reply ON mentions (reply_to) WHERE reply_to IS NOT NULL AND is_own;
CREATE INDEX ix_mentions_author ON mentions (author) WHERE author IS NOT NULL;
COMMIT;
