BEGIN TRANSACTION;
CREATE TABLE access_token (
	id INTEGER NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	session_id INTEGER, 
	created_at_ms BIGINT NOT NULL, 
	expires_at_ms BIGINT, 
	revoked_at_ms BIGINT, 
	CONSTRAINT pk_access_token PRIMARY KEY (id), 
	CONSTRAINT fk_access_token_session_id_arena_session FOREIGN KEY(session_id) REFERENCES arena_session (id), 
	CONSTRAINT uq_access_token_digest UNIQUE (digest)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('20261122_first_tables');
CREATE TABLE arena_session (
	id INTEGER NOT NULL, 
	code VARCHAR(12) NOT NULL, 
	show_id INTEGER NOT NULL, 
	number INTEGER, 
	title VARCHAR(120) NOT NULL, 
	topic VARCHAR(200) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	ended BOOLEAN NOT NULL, 
	deciding BOOLEAN NOT NULL, 
	starts_at_ms BIGINT, 
	created_at_ms BIGINT NOT NULL, 
	scene VARCHAR(16) NOT NULL, 
	channels JSON NOT NULL, 
	current_round INTEGER, 
	revision INTEGER NOT NULL, 
	CONSTRAINT pk_arena_session PRIMARY KEY (id), 
	CONSTRAINT fk_arena_session_show_id_show FOREIGN KEY(show_id) REFERENCES show (id), 
	CONSTRAINT uq_arena_session_code UNIQUE (code)
);
INSERT INTO "arena_session" VALUES(1,'FILLED',1,NULL,'先锋擂台 第1期','精准服务','pk',0,0,NULL,1795176000000,'board','[{"key": "web", "name": "\u7f51\u9875", "delay_ms": 0}, {"key": "wechat", "name": "\u5fae\u4fe1\u89c6\u9891", "delay_ms": 0}]',3,10);
CREATE TABLE audience_minute (
	session_id INTEGER NOT NULL, 
	minute_ms BIGINT NOT NULL, 
	online INTEGER NOT NULL, 
	online_at_ms BIGINT NOT NULL, 
	seen INTEGER NOT NULL, 
	CONSTRAINT pk_audience_minute PRIMARY KEY (session_id, minute_ms), 
	CONSTRAINT fk_audience_minute_session_id_arena_session FOREIGN KEY(session_id) REFERENCES arena_session (id)
);
CREATE TABLE audit_entry (
	id INTEGER NOT NULL, 
	session_id INTEGER, 
	at_ms BIGINT NOT NULL, 
	actor VARCHAR(80) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	round INTEGER, 
	"before" JSON, 
	"after" JSON, 
	detail VARCHAR(300) NOT NULL, 
	CONSTRAINT pk_audit_entry PRIMARY KEY (id), 
	CONSTRAINT fk_audit_entry_session_id_arena_session FOREIGN KEY(session_id) REFERENCES arena_session (id)
);
INSERT INTO "audit_entry" VALUES(1,NULL,1795176000000,'test','admin','token_made',NULL,NULL,'{"id": 1, "role": "producer", "name": "test producer"}','');
INSERT INTO "audit_entry" VALUES(2,NULL,1795176000000,'test','admin','token_made',NULL,NULL,'{"id": 2, "role": "director", "name": "test director"}','');
INSERT INTO "audit_entry" VALUES(3,NULL,1795176000000,'test','admin','token_made',NULL,NULL,'{"id": 3, "role": "scrutineer", "name": "test scrutineer"}','');
INSERT INTO "audit_entry" VALUES(4,NULL,1795176000000,'test','admin','token_made',NULL,NULL,'{"id": 4, "role": "overlay", "name": "test overlay"}','');
INSERT INTO "audit_entry" VALUES(5,NULL,1795176000000,'test','admin','token_made',NULL,NULL,'{"id": 5, "role": "admin", "name": "test admin"}','');
INSERT INTO "audit_entry" VALUES(6,1,1795176000000,'test admin','admin','session_made',NULL,NULL,'{"code": "FILLED", "title": "\u5148\u950b\u64c2\u53f0 \u7b2c1\u671f"}','');
INSERT INTO "audit_entry" VALUES(7,1,1795176000000,'test admin','admin','open',1,'{"run": 1, "phase": "draft", "closes_at_ms": null, "certified_at_ms": null}','{"run": 1, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','');
INSERT INTO "audit_entry" VALUES(8,1,1795176008400,'test admin','admin','lock',1,'{"run": 1, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','{"run": 1, "phase": "locked", "closes_at_ms": 1795176008400, "certified_at_ms": null, "digest": "4d849b9170bc5905a795955d606968f730cce8629e1b5585644e5491b2e711e8"}','');
INSERT INTO "audit_entry" VALUES(9,1,1795176017400,'test admin','admin','reveal',1,'{"run": 1, "phase": "locked", "closes_at_ms": 1795176008400, "certified_at_ms": null}','{"run": 1, "phase": "revealed", "closes_at_ms": 1795176008400, "certified_at_ms": null}','');
INSERT INTO "audit_entry" VALUES(10,1,1795176017400,'test admin','admin','open',2,'{"run": 1, "phase": "draft", "closes_at_ms": null, "certified_at_ms": null}','{"run": 1, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','');
INSERT INTO "audit_entry" VALUES(11,1,1795176021600,'test admin','admin','void',2,'{"run": 1, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','{"run": 1, "phase": "void", "closes_at_ms": null, "certified_at_ms": null, "digest": "8539e32c933dc559eb2a1415dc34c3266edb833d00a978089c3064f3a9bf4f8e"}','试');
INSERT INTO "audit_entry" VALUES(12,1,1795176021600,'test admin','admin','rerun',2,'{"run": 1, "phase": "void", "closes_at_ms": null, "certified_at_ms": null}','{"run": 2, "phase": "draft", "closes_at_ms": null, "certified_at_ms": null}','');
INSERT INTO "audit_entry" VALUES(13,1,1795176021600,'test admin','admin','open',2,'{"run": 2, "phase": "draft", "closes_at_ms": null, "certified_at_ms": null}','{"run": 2, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','');
INSERT INTO "audit_entry" VALUES(14,1,1795176021600,'test admin','admin','lock',2,'{"run": 2, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','{"run": 2, "phase": "locked", "closes_at_ms": 1795176021600, "certified_at_ms": null, "digest": "24394c6b9c5b1e61ee6f6c3204c072239a2d7430acf6a1041e55169854552074"}','');
INSERT INTO "audit_entry" VALUES(15,1,1795176030600,'test admin','admin','open',3,'{"run": 1, "phase": "draft", "closes_at_ms": null, "certified_at_ms": null}','{"run": 1, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','');
INSERT INTO "audit_entry" VALUES(16,1,1795176034100,'test admin','admin','pause',3,'{"run": 1, "phase": "open", "closes_at_ms": null, "certified_at_ms": null}','{"run": 1, "phase": "paused", "closes_at_ms": null, "certified_at_ms": null}','');
CREATE TABLE ballot (
	run_id INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	voter VARCHAR(32) NOT NULL, 
	slot VARCHAR(16) NOT NULL, 
	revision INTEGER NOT NULL, 
	choices VARCHAR(2200) NOT NULL, 
	channel VARCHAR(32) NOT NULL, 
	nonce VARCHAR(64) NOT NULL, 
	receipt VARCHAR(26) NOT NULL, 
	accepted_at_ms BIGINT NOT NULL, 
	CONSTRAINT pk_ballot PRIMARY KEY (run_id, seq), 
	CONSTRAINT fk_ballot_run_id_run FOREIGN KEY(run_id) REFERENCES run (id), 
	CONSTRAINT uq_ballot_receipt UNIQUE (receipt), 
	CONSTRAINT uq_ballot_run_id_voter_slot_revision UNIQUE (run_id, voter, slot, revision)
);
INSERT INTO "ballot" VALUES(1,1,'e6f1e3a38043911a12f37111a9ded4ff','once',1,'blue','web','n1-0','Q4HPQHEDGFS7HS6JLYWNSSDKAI',1795176000700);
INSERT INTO "ballot" VALUES(1,2,'35e28da8bb43571bf837181875cebe5c','once',1,'red','wechat','n1-1','3HGC4E35TVIGOJK3UMFPEOUP5D',1795176001400);
INSERT INTO "ballot" VALUES(1,3,'a0dc80168f3f05df75d4f15493a943f3','once',1,'red','web','n1-2','YQI5RJY2L36JJH62HNJRC2KIZM',1795176002100);
INSERT INTO "ballot" VALUES(1,4,'c5576271d83169b8cc86c9550e1ef7f5','once',1,'blue','wechat','n1-3','IDUFK7QPVUPHC5CJCPA7EADQFK',1795176002800);
INSERT INTO "ballot" VALUES(1,5,'20dbb96ad8177fc212b0b4e3f9163d1a','once',1,'red','web','n1-4','5BPSMSULP5FMPJGU5DIPHTCGLW',1795176003500);
INSERT INTO "ballot" VALUES(1,6,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','once',1,'red','wechat','n1-5','6X43KV4YF3Z253YCBOQPBXBGB3',1795176004200);
INSERT INTO "ballot" VALUES(1,7,'fdd263a03fae7f7fa3782139e3fdd31f','once',1,'blue','web','n1-6','7S53QEIUNJ4HY3C7CVOPFNF3L4',1795176004900);
INSERT INTO "ballot" VALUES(1,8,'699aac71e2e487942e7f7ec4c75e86e2','once',1,'red','wechat','n1-7','ITVRHQIKMBDYEKIXP6T6RV5OEG',1795176005600);
INSERT INTO "ballot" VALUES(1,9,'48b225bec7275c099fffba1116e284dc','once',1,'red','web','n1-8','BDTPZDU2FSRJYB4JWSL7LITSZW',1795176006300);
INSERT INTO "ballot" VALUES(1,10,'fb843d08ff539419b85c6112951e5a56','once',1,'blue','wechat','n1-9','6QXXBMPIGR2LQYTF4TGWTFNI5I',1795176007000);
INSERT INTO "ballot" VALUES(1,11,'e14231344cb9c5db5710e4db9b725939','once',1,'red','web','n1-10','LCCVV4EH35UXUXT7LPVP7DDPUW',1795176007700);
INSERT INTO "ballot" VALUES(1,12,'43d9099bdc0e0e263029b19c23a654cd','once',1,'red','wechat','n1-11','ID7Z4WTDC6R55GMRCRGZRQQ6ED',1795176008400);
INSERT INTO "ballot" VALUES(2,1,'e6f1e3a38043911a12f37111a9ded4ff','once',1,'blue','web','n2-0','Z34JJZ2UMODAUUJC45JKLHROQ6',1795176018100);
INSERT INTO "ballot" VALUES(2,2,'35e28da8bb43571bf837181875cebe5c','once',1,'red','wechat','n2-1','Q4JDOZEFJTEKOLYBLE7K272XIT',1795176018800);
INSERT INTO "ballot" VALUES(2,3,'a0dc80168f3f05df75d4f15493a943f3','once',1,'red','web','n2-2','2AHAWFEULXJ2VTEJXNCN5UUYNQ',1795176019500);
INSERT INTO "ballot" VALUES(2,4,'c5576271d83169b8cc86c9550e1ef7f5','once',1,'blue','wechat','n2-3','IXZB3GSKIWHLIRDFZDQPQNRJIJ',1795176020200);
INSERT INTO "ballot" VALUES(2,5,'20dbb96ad8177fc212b0b4e3f9163d1a','once',1,'red','web','n2-4','4APH2AOEQCVYWXNWXQPNVFQZD3',1795176020900);
INSERT INTO "ballot" VALUES(2,6,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','once',1,'red','wechat','n2-5','AEDXLB4DNSEPIV57IRWM6CCDAB',1795176021600);
INSERT INTO "ballot" VALUES(2,7,'e6f1e3a38043911a12f37111a9ded4ff','once',2,'red','web','c2-0','URULNJIWAAKNODDZCGNNAYNKZB',1795176021600);
INSERT INTO "ballot" VALUES(2,8,'35e28da8bb43571bf837181875cebe5c','once',2,'blue','wechat','c2-1','DMC6F5J5EOQBN22SIEE3BS65P5',1795176021600);
INSERT INTO "ballot" VALUES(2,9,'a0dc80168f3f05df75d4f15493a943f3','once',2,'blue','web','c2-2','GQ3O6FXKCN4J754BMGKD63H3AW',1795176021600);
INSERT INTO "ballot" VALUES(2,10,'c5576271d83169b8cc86c9550e1ef7f5','once',2,'red','wechat','c2-3','4UMBMASA7AFFTTQTF452SWDRMD',1795176021600);
INSERT INTO "ballot" VALUES(2,11,'20dbb96ad8177fc212b0b4e3f9163d1a','once',2,'blue','web','c2-4','I2EBI4KMOCJV5WD2WMSC44JOLA',1795176021600);
INSERT INTO "ballot" VALUES(2,12,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','once',2,'blue','wechat','c2-5','VWNJJAQW77QYTD5KU7FTLE7U4S',1795176021600);
INSERT INTO "ballot" VALUES(5,1,'e6f1e3a38043911a12f37111a9ded4ff','once',1,'red','web','r2-0','L5U4HWX4JTI7UUINCVTXXZKMOW',1795176021600);
INSERT INTO "ballot" VALUES(5,2,'35e28da8bb43571bf837181875cebe5c','once',1,'red','wechat','r2-1','NF2SX5BYP4FXJ3PIVG6GVMXWTM',1795176021600);
INSERT INTO "ballot" VALUES(5,3,'a0dc80168f3f05df75d4f15493a943f3','once',1,'red','web','r2-2','NGI4EXDLI3TR74JETUT6SFGHWP',1795176021600);
INSERT INTO "ballot" VALUES(5,4,'c5576271d83169b8cc86c9550e1ef7f5','once',1,'red','wechat','r2-3','BL4J54NEEUHSRZXNMT22ISZL3A',1795176021600);
INSERT INTO "ballot" VALUES(5,5,'20dbb96ad8177fc212b0b4e3f9163d1a','once',1,'red','web','r2-4','7776UOEL66OL3OIN6FEEDKBXH5',1795176021600);
INSERT INTO "ballot" VALUES(5,6,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','once',1,'red','wechat','r2-5','XDLB2ECSQB26TM45HKWEYVT64Y',1795176021600);
INSERT INTO "ballot" VALUES(5,7,'fdd263a03fae7f7fa3782139e3fdd31f','once',1,'red','web','r2-6','IH7XPJ3PXYWI666AL6ROL33WKY',1795176021600);
INSERT INTO "ballot" VALUES(5,8,'699aac71e2e487942e7f7ec4c75e86e2','once',1,'red','wechat','r2-7','QKZGBS7YJ5GKX4DP7VRCK2QA5N',1795176021600);
INSERT INTO "ballot" VALUES(3,1,'e6f1e3a38043911a12f37111a9ded4ff','20777/1',1,'blue','web','n3-0','4BWYNHJREOOMEK7DFEO3KMBB46',1795176031300);
INSERT INTO "ballot" VALUES(3,2,'35e28da8bb43571bf837181875cebe5c','20777/1',1,'red','wechat','n3-1','ABENCLBTA2DPITJ3QOXNY4ORRY',1795176032000);
INSERT INTO "ballot" VALUES(3,3,'a0dc80168f3f05df75d4f15493a943f3','20777/1',1,'red','web','n3-2','NLKFM2FVTIP5KOVHAV76XBX3K5',1795176032700);
INSERT INTO "ballot" VALUES(3,4,'c5576271d83169b8cc86c9550e1ef7f5','20777/1',1,'blue','wechat','n3-3','HSVT7BA3ZEQ4GEQBH5AI3IDCRM',1795176033400);
INSERT INTO "ballot" VALUES(3,5,'20dbb96ad8177fc212b0b4e3f9163d1a','20777/1',1,'red','web','n3-4','575H5ELX5ELO6TAWOAEXV4VNRG',1795176034100);
CREATE TABLE contestant (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	name VARCHAR(60) NOT NULL, 
	title VARCHAR(120) NOT NULL, 
	organisation VARCHAR(120) NOT NULL, 
	sector VARCHAR(60) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	portrait_url VARCHAR(500) NOT NULL, 
	slogan VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_contestant PRIMARY KEY (id), 
	CONSTRAINT fk_contestant_session_id_arena_session FOREIGN KEY(session_id) REFERENCES arena_session (id), 
	CONSTRAINT uq_contestant_session_id_key UNIQUE (session_id, "key")
);
INSERT INTO "contestant" VALUES(1,1,0,'red','王伟','党委副书记','澳洋医院','','holder','','');
INSERT INTO "contestant" VALUES(2,1,1,'blue','杨玭','会长','张家港市公益组织联合会','','challenger','','');
CREATE TABLE ledger_batch (
	run_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	last_seq INTEGER NOT NULL, 
	head VARCHAR(64) NOT NULL, 
	committed_at_ms BIGINT NOT NULL, 
	CONSTRAINT pk_ledger_batch PRIMARY KEY (run_id, number), 
	CONSTRAINT fk_ledger_batch_run_id_run FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "ledger_batch" VALUES(1,1,1,'c0ee1e3ffed766e4d666244faec267354fc4eb0df3b6bc969261c5a48239c601',1795176000700);
INSERT INTO "ledger_batch" VALUES(1,2,2,'a4398d63a8cd15a1f74a94ad5997f981b1de39ea5b55ecea65a5822f69dcbae0',1795176001400);
INSERT INTO "ledger_batch" VALUES(1,3,3,'eb27ab21195b7796e90e279031339245f9ad03fe0f052cdc28c18afc41f552d6',1795176002100);
INSERT INTO "ledger_batch" VALUES(1,4,4,'012b7b7d8db62f87370324215c8fa0d0aca56c43f6f831bd8e4d9c92983a32ef',1795176002800);
INSERT INTO "ledger_batch" VALUES(1,5,5,'cb5b0944af0f431b9dc1a996fd7fb8093e438b33b3f3d1597d9190762717b38b',1795176003500);
INSERT INTO "ledger_batch" VALUES(1,6,6,'4bcd0068108a2605e44f7af5fb2a3bf52cfd5a37eb498fac7ca1473670ddd8b0',1795176004200);
INSERT INTO "ledger_batch" VALUES(1,7,7,'a0735547b71856a8f4208700833991336afefbfe831594853c375cf9e38b5cae',1795176004900);
INSERT INTO "ledger_batch" VALUES(1,8,8,'d1aa502d026353e0dc6859b992d32f30d1c1b099e248ab372c55c86e3d345988',1795176005600);
INSERT INTO "ledger_batch" VALUES(1,9,9,'27cb0ca3ce241ead468aa69a5f5548cbbdef4b5dd2d0fa5238f282c4b00a08de',1795176006300);
INSERT INTO "ledger_batch" VALUES(1,10,10,'ba021b53fe4bfdac987526035e4ad8aff811b7d2b605bc81a70365c5e4c2249f',1795176007000);
INSERT INTO "ledger_batch" VALUES(1,11,11,'cc0e52658345db8f79a98ad548e2e036bfb3b3cfc9e98072e248d7a92cb70d15',1795176007700);
INSERT INTO "ledger_batch" VALUES(1,12,12,'ecf0abedecda086f32c78155c9564c263f16b94dd990b1e496251bb60c49261e',1795176008400);
INSERT INTO "ledger_batch" VALUES(2,1,1,'8b463bdf4ceb2631b764f6d4dd4544dc0ad0f6292daf3b8943953fe579f45fb8',1795176018100);
INSERT INTO "ledger_batch" VALUES(2,2,2,'966af2b2219419f827e823f79c6cfcc5373e2d4f0736e3cdc7e1397dd8221ef2',1795176018800);
INSERT INTO "ledger_batch" VALUES(2,3,3,'9c44df9b4e62f9d11deeec3379540829589248f439abb4636473d493c889f451',1795176019500);
INSERT INTO "ledger_batch" VALUES(2,4,4,'1a4763c1d99455eb0f2b2dedf802779990bd7318e5edb6a02656ca0bae868b8e',1795176020200);
INSERT INTO "ledger_batch" VALUES(2,5,5,'97cfaf06c86b28ca90e8498d6576885080acb14c62a36dd8081735bcf1ddf8cb',1795176020900);
INSERT INTO "ledger_batch" VALUES(2,6,6,'2e0a19c3481fa8f234952be566a4e75fc9d050f02816e83351d6a55bdc91506e',1795176021600);
INSERT INTO "ledger_batch" VALUES(2,7,7,'7b472e888b8a83c9794fbb2c3e7b27b4b2422e84f70c75764d88ba68d28cd77a',1795176021600);
INSERT INTO "ledger_batch" VALUES(2,8,8,'7a29cbadb8d0c86bab9ebaffbcf0cccdaa0c3b6a01054be35852a458815f603e',1795176021600);
INSERT INTO "ledger_batch" VALUES(2,9,9,'cae50bead7e59539dc5f33d607df8231b7f387eb5038c4e538a4176b0609f5d9',1795176021600);
INSERT INTO "ledger_batch" VALUES(2,10,10,'4d5b21b0613c982cd656405309118be511f122fd756f44549b6454d25aec20f2',1795176021600);
INSERT INTO "ledger_batch" VALUES(2,11,11,'c8685081842b0b5f4106e080369e62be340de5ced3db3b91c19f747ec7228a47',1795176021600);
INSERT INTO "ledger_batch" VALUES(2,12,12,'344006692c4229029b33778d9f884f9c4fc3b351cea4f9b26ed04f61e3f556b4',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,1,1,'d58b370fdb2dbeec3e21f65ca2af80ff625532b9317c7b703f514eb5631bd085',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,2,2,'d57c24bcf5e0c396999926f67a0cd0b6f558b73e90431facf6c91beeffabe533',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,3,3,'09b9728acc52e34cd864bbbfabfacecc3f9bcc0e7aa870fd22a0eaaa81aa2355',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,4,4,'b9cfc36a22f4dcc4b25c0cb8167cbb133d8c46a97eca399eb6af03884783123e',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,5,5,'525a0f7931d03ebb5c0b607e9c116ae1112739e155e8f47296d34ba24c6fc437',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,6,6,'67890974e7ccbd979f2c9487603eb639e0841377cbf40fa41200e5e6b07b1a21',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,7,7,'0dc198a3878acd1e5901ddee00dacec9ad4aa305168d9b070c02a9bb4f5a3a2b',1795176021600);
INSERT INTO "ledger_batch" VALUES(5,8,8,'19269be7013bb171dc9f2edd291fb07b21820912cf236bbf8db5225609e36a64',1795176021600);
INSERT INTO "ledger_batch" VALUES(3,1,1,'eec6293314a89770113197bb386a7ed504c845d08cec316f81bf9ca127d34b26',1795176031300);
INSERT INTO "ledger_batch" VALUES(3,2,2,'68e5a7f98651575d8b736baec528516d817657732b7ae82f39d0a8cfb47561fd',1795176032000);
INSERT INTO "ledger_batch" VALUES(3,3,3,'9ee35638e45009d7e2305fa0c673b700427579aa6f451cae0bda7bf9be3a1462',1795176032700);
INSERT INTO "ledger_batch" VALUES(3,4,4,'95fd3586f3a3d0a6a8e2ef6c535afe3a38b7b09323d4f307062c29f4d0a058c7',1795176033400);
INSERT INTO "ledger_batch" VALUES(3,5,5,'f148531a3dd9cbc933ed8a00407fa762f4a8286f738ba0cc2a2ef890c8004df7',1795176034100);
CREATE TABLE like_total (
	run_id INTEGER NOT NULL, 
	voter VARCHAR(32) NOT NULL, 
	choice VARCHAR(32) NOT NULL, 
	total INTEGER NOT NULL, 
	channel VARCHAR(32) NOT NULL, 
	updated_at_ms BIGINT NOT NULL, 
	CONSTRAINT pk_like_total PRIMARY KEY (run_id, voter, choice), 
	CONSTRAINT fk_like_total_run_id_run FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "like_total" VALUES(1,'e6f1e3a38043911a12f37111a9ded4ff','red',1,'web',1795176000700);
INSERT INTO "like_total" VALUES(1,'35e28da8bb43571bf837181875cebe5c','red',2,'wechat',1795176001400);
INSERT INTO "like_total" VALUES(1,'35e28da8bb43571bf837181875cebe5c','blue',2,'wechat',1795176001400);
INSERT INTO "like_total" VALUES(1,'a0dc80168f3f05df75d4f15493a943f3','red',3,'web',1795176002100);
INSERT INTO "like_total" VALUES(1,'a0dc80168f3f05df75d4f15493a943f3','blue',4,'web',1795176002100);
INSERT INTO "like_total" VALUES(1,'c5576271d83169b8cc86c9550e1ef7f5','red',4,'wechat',1795176002800);
INSERT INTO "like_total" VALUES(1,'c5576271d83169b8cc86c9550e1ef7f5','blue',6,'wechat',1795176002800);
INSERT INTO "like_total" VALUES(1,'20dbb96ad8177fc212b0b4e3f9163d1a','red',5,'web',1795176003500);
INSERT INTO "like_total" VALUES(1,'20dbb96ad8177fc212b0b4e3f9163d1a','blue',8,'web',1795176003500);
INSERT INTO "like_total" VALUES(1,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','red',6,'wechat',1795176004200);
INSERT INTO "like_total" VALUES(1,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','blue',10,'wechat',1795176004200);
INSERT INTO "like_total" VALUES(1,'fdd263a03fae7f7fa3782139e3fdd31f','red',7,'web',1795176004900);
INSERT INTO "like_total" VALUES(1,'fdd263a03fae7f7fa3782139e3fdd31f','blue',12,'web',1795176004900);
INSERT INTO "like_total" VALUES(1,'699aac71e2e487942e7f7ec4c75e86e2','red',8,'wechat',1795176005600);
INSERT INTO "like_total" VALUES(1,'699aac71e2e487942e7f7ec4c75e86e2','blue',14,'wechat',1795176005600);
INSERT INTO "like_total" VALUES(1,'48b225bec7275c099fffba1116e284dc','red',9,'web',1795176006300);
INSERT INTO "like_total" VALUES(1,'48b225bec7275c099fffba1116e284dc','blue',16,'web',1795176006300);
INSERT INTO "like_total" VALUES(1,'fb843d08ff539419b85c6112951e5a56','red',10,'wechat',1795176007000);
INSERT INTO "like_total" VALUES(1,'fb843d08ff539419b85c6112951e5a56','blue',18,'wechat',1795176007000);
INSERT INTO "like_total" VALUES(1,'e14231344cb9c5db5710e4db9b725939','red',11,'web',1795176007700);
INSERT INTO "like_total" VALUES(1,'e14231344cb9c5db5710e4db9b725939','blue',20,'web',1795176007700);
INSERT INTO "like_total" VALUES(1,'43d9099bdc0e0e263029b19c23a654cd','red',12,'wechat',1795176008400);
INSERT INTO "like_total" VALUES(1,'43d9099bdc0e0e263029b19c23a654cd','blue',22,'wechat',1795176008400);
INSERT INTO "like_total" VALUES(2,'e6f1e3a38043911a12f37111a9ded4ff','red',1,'web',1795176018100);
INSERT INTO "like_total" VALUES(2,'35e28da8bb43571bf837181875cebe5c','red',2,'wechat',1795176018800);
INSERT INTO "like_total" VALUES(2,'35e28da8bb43571bf837181875cebe5c','blue',2,'wechat',1795176018800);
INSERT INTO "like_total" VALUES(2,'a0dc80168f3f05df75d4f15493a943f3','red',3,'web',1795176019500);
INSERT INTO "like_total" VALUES(2,'a0dc80168f3f05df75d4f15493a943f3','blue',4,'web',1795176019500);
INSERT INTO "like_total" VALUES(2,'c5576271d83169b8cc86c9550e1ef7f5','red',4,'wechat',1795176020200);
INSERT INTO "like_total" VALUES(2,'c5576271d83169b8cc86c9550e1ef7f5','blue',6,'wechat',1795176020200);
INSERT INTO "like_total" VALUES(2,'20dbb96ad8177fc212b0b4e3f9163d1a','red',5,'web',1795176020900);
INSERT INTO "like_total" VALUES(2,'20dbb96ad8177fc212b0b4e3f9163d1a','blue',8,'web',1795176020900);
INSERT INTO "like_total" VALUES(2,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','red',6,'wechat',1795176021600);
INSERT INTO "like_total" VALUES(2,'d4d7a3cd2bd2e0f8f3dd7db95f805ea6','blue',10,'wechat',1795176021600);
INSERT INTO "like_total" VALUES(3,'e6f1e3a38043911a12f37111a9ded4ff','red',1,'web',1795176031300);
INSERT INTO "like_total" VALUES(3,'35e28da8bb43571bf837181875cebe5c','red',2,'wechat',1795176032000);
INSERT INTO "like_total" VALUES(3,'35e28da8bb43571bf837181875cebe5c','blue',2,'wechat',1795176032000);
INSERT INTO "like_total" VALUES(3,'a0dc80168f3f05df75d4f15493a943f3','red',3,'web',1795176032700);
INSERT INTO "like_total" VALUES(3,'a0dc80168f3f05df75d4f15493a943f3','blue',4,'web',1795176032700);
INSERT INTO "like_total" VALUES(3,'c5576271d83169b8cc86c9550e1ef7f5','red',4,'wechat',1795176033400);
INSERT INTO "like_total" VALUES(3,'c5576271d83169b8cc86c9550e1ef7f5','blue',6,'wechat',1795176033400);
INSERT INTO "like_total" VALUES(3,'20dbb96ad8177fc212b0b4e3f9163d1a','red',5,'web',1795176034100);
INSERT INTO "like_total" VALUES(3,'20dbb96ad8177fc212b0b4e3f9163d1a','blue',8,'web',1795176034100);
CREATE TABLE origin (
	id INTEGER NOT NULL, 
	epoch BIGINT NOT NULL, 
	CONSTRAINT pk_origin PRIMARY KEY (id)
);
INSERT INTO "origin" VALUES(1,1795176000);
CREATE TABLE portrait (
	digest VARCHAR(64) NOT NULL, 
	content_type VARCHAR(32) NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_portrait PRIMARY KEY (digest)
);
CREATE TABLE round (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	title VARCHAR(120) NOT NULL, 
	question VARCHAR(300) NOT NULL, 
	dimension VARCHAR(8) NOT NULL, 
	choices JSON, 
	choices_max INTEGER NOT NULL, 
	changeable BOOLEAN NOT NULL, 
	votes_per_day INTEGER, 
	duration_ms BIGINT, 
	grace_ms INTEGER NOT NULL, 
	visibility VARCHAR(16) NOT NULL, 
	likes_per_second INTEGER NOT NULL, 
	CONSTRAINT pk_round PRIMARY KEY (id), 
	CONSTRAINT fk_round_session_id_arena_session FOREIGN KEY(session_id) REFERENCES arena_session (id), 
	CONSTRAINT uq_round_session_id_number UNIQUE (session_id, number)
);
INSERT INTO "round" VALUES(1,1,1,'一','','free','null',1,0,NULL,NULL,0,'live',15);
INSERT INTO "round" VALUES(2,1,2,'二','','free','null',1,1,NULL,NULL,0,'live',15);
INSERT INTO "round" VALUES(3,1,3,'三','','free','null',1,0,2,NULL,0,'live',15);
INSERT INTO "round" VALUES(4,1,4,'四','','free','null',1,0,NULL,NULL,0,'live',15);
CREATE TABLE run (
	id INTEGER NOT NULL, 
	round_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	phase VARCHAR(8) NOT NULL, 
	opened_at_ms BIGINT, 
	closes_at_ms BIGINT, 
	locks_at_ms BIGINT, 
	locked_at_ms BIGINT, 
	revealed_at_ms BIGINT, 
	certified_at_ms BIGINT, 
	void_reason VARCHAR(300), 
	remaining_ms BIGINT, 
	resumed_at_ms BIGINT, 
	open_ms BIGINT NOT NULL, 
	chain_head VARCHAR(64) NOT NULL, 
	ballots INTEGER NOT NULL, 
	batches INTEGER NOT NULL, 
	result JSON, 
	CONSTRAINT pk_run PRIMARY KEY (id), 
	CONSTRAINT fk_run_round_id_round FOREIGN KEY(round_id) REFERENCES round (id), 
	CONSTRAINT uq_run_round_id_number UNIQUE (round_id, number)
);
INSERT INTO "run" VALUES(1,1,1,'revealed',1795176000000,1795176008400,1795176008400,1795176008400,1795176017400,NULL,NULL,NULL,NULL,8400,'ecf0abedecda086f32c78155c9564c263f16b94dd990b1e496251bb60c49261e',12,12,'{"session": "FILLED", "round": 1, "run": 1, "votes": {"red": 8, "blue": 4}, "likes": {"red": 78, "blue": 132}, "turnout": 12, "ballots": 12, "channels": {"web": {"votes": {"red": 4, "blue": 2}, "likes": {"red": 36, "blue": 60}, "turnout": 6}, "wechat": {"votes": {"red": 4, "blue": 2}, "likes": {"red": 42, "blue": 72}, "turnout": 6}}, "chain_head": "ecf0abedecda086f32c78155c9564c263f16b94dd990b1e496251bb60c49261e", "digest": "4d849b9170bc5905a795955d606968f730cce8629e1b5585644e5491b2e711e8"}');
INSERT INTO "run" VALUES(2,2,1,'void',1795176017400,NULL,NULL,NULL,NULL,NULL,'试',NULL,NULL,4200,'344006692c4229029b33778d9f884f9c4fc3b351cea4f9b26ed04f61e3f556b4',12,12,'{"session": "FILLED", "round": 2, "run": 1, "votes": {"red": 2, "blue": 4}, "likes": {"red": 21, "blue": 30}, "turnout": 6, "ballots": 12, "channels": {"web": {"votes": {"red": 1, "blue": 2}, "likes": {"red": 9, "blue": 12}, "turnout": 3}, "wechat": {"votes": {"red": 1, "blue": 2}, "likes": {"red": 12, "blue": 18}, "turnout": 3}}, "chain_head": "344006692c4229029b33778d9f884f9c4fc3b351cea4f9b26ed04f61e3f556b4", "digest": "8539e32c933dc559eb2a1415dc34c3266edb833d00a978089c3064f3a9bf4f8e"}');
INSERT INTO "run" VALUES(3,3,1,'paused',1795176030600,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3500,'f148531a3dd9cbc933ed8a00407fa762f4a8286f738ba0cc2a2ef890c8004df7',5,5,NULL);
INSERT INTO "run" VALUES(4,4,1,'draft',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'0000000000000000000000000000000000000000000000000000000000000000',0,0,NULL);
INSERT INTO "run" VALUES(5,2,2,'locked',1795176021600,1795176021600,1795176021600,1795176021600,NULL,NULL,NULL,NULL,NULL,0,'19269be7013bb171dc9f2edd291fb07b21820912cf236bbf8db5225609e36a64',8,8,'{"session": "FILLED", "round": 2, "run": 2, "votes": {"red": 8, "blue": 0}, "likes": {"red": 0, "blue": 0}, "turnout": 8, "ballots": 8, "channels": {"web": {"votes": {"red": 4, "blue": 0}, "likes": {"red": 0, "blue": 0}, "turnout": 4}, "wechat": {"votes": {"red": 4, "blue": 0}, "likes": {"red": 0, "blue": 0}, "turnout": 4}}, "chain_head": "19269be7013bb171dc9f2edd291fb07b21820912cf236bbf8db5225609e36a64", "digest": "24394c6b9c5b1e61ee6f6c3204c072239a2d7430acf6a1041e55169854552074"}');
CREATE TABLE show (
	id INTEGER NOT NULL, 
	slug VARCHAR(64) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	voter_key VARCHAR(64) NOT NULL, 
	created_at_ms BIGINT NOT NULL, 
	CONSTRAINT pk_show PRIMARY KEY (id), 
	CONSTRAINT uq_show_slug UNIQUE (slug)
);
INSERT INTO "show" VALUES(1,'pioneer-arena','先锋擂台','b7b52bdfaadb99e330692e20479027345127e47931f55c6f8cc346bce5abcb86',1795176000000);
CREATE TABLE timeline (
	run_id INTEGER NOT NULL, 
	at_s BIGINT NOT NULL, 
	choice VARCHAR(32) NOT NULL, 
	votes INTEGER NOT NULL, 
	likes INTEGER NOT NULL, 
	CONSTRAINT pk_timeline PRIMARY KEY (run_id, at_s, choice), 
	CONSTRAINT fk_timeline_run_id_run FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "timeline" VALUES(1,1795176000,'blue',1,0);
INSERT INTO "timeline" VALUES(1,1795176000,'red',0,1);
INSERT INTO "timeline" VALUES(1,1795176001,'red',1,2);
INSERT INTO "timeline" VALUES(1,1795176001,'blue',0,2);
INSERT INTO "timeline" VALUES(1,1795176002,'red',1,7);
INSERT INTO "timeline" VALUES(1,1795176002,'blue',1,10);
INSERT INTO "timeline" VALUES(1,1795176003,'red',1,5);
INSERT INTO "timeline" VALUES(1,1795176003,'blue',0,8);
INSERT INTO "timeline" VALUES(1,1795176004,'red',1,13);
INSERT INTO "timeline" VALUES(1,1795176004,'blue',1,22);
INSERT INTO "timeline" VALUES(1,1795176005,'red',1,8);
INSERT INTO "timeline" VALUES(1,1795176005,'blue',0,14);
INSERT INTO "timeline" VALUES(1,1795176006,'red',1,9);
INSERT INTO "timeline" VALUES(1,1795176006,'blue',0,16);
INSERT INTO "timeline" VALUES(1,1795176007,'blue',1,38);
INSERT INTO "timeline" VALUES(1,1795176007,'red',1,21);
INSERT INTO "timeline" VALUES(1,1795176008,'red',1,12);
INSERT INTO "timeline" VALUES(1,1795176008,'blue',0,22);
INSERT INTO "timeline" VALUES(2,1795176018,'blue',1,2);
INSERT INTO "timeline" VALUES(2,1795176018,'red',1,3);
INSERT INTO "timeline" VALUES(2,1795176019,'red',1,3);
INSERT INTO "timeline" VALUES(2,1795176019,'blue',0,4);
INSERT INTO "timeline" VALUES(2,1795176020,'blue',1,14);
INSERT INTO "timeline" VALUES(2,1795176020,'red',1,9);
INSERT INTO "timeline" VALUES(2,1795176021,'red',-1,6);
INSERT INTO "timeline" VALUES(2,1795176021,'blue',2,10);
INSERT INTO "timeline" VALUES(5,1795176021,'red',8,0);
INSERT INTO "timeline" VALUES(3,1795176031,'blue',1,0);
INSERT INTO "timeline" VALUES(3,1795176031,'red',0,1);
INSERT INTO "timeline" VALUES(3,1795176032,'red',2,5);
INSERT INTO "timeline" VALUES(3,1795176032,'blue',0,6);
INSERT INTO "timeline" VALUES(3,1795176033,'blue',1,6);
INSERT INTO "timeline" VALUES(3,1795176033,'red',0,4);
INSERT INTO "timeline" VALUES(3,1795176034,'red',1,5);
INSERT INTO "timeline" VALUES(3,1795176034,'blue',0,8);
CREATE INDEX ix_arena_session_show_id ON arena_session (show_id);
CREATE INDEX ix_access_token_session_id ON access_token (session_id);
CREATE INDEX ix_audit_entry_session_id ON audit_entry (session_id);
CREATE INDEX ix_contestant_session_id ON contestant (session_id);
CREATE INDEX ix_round_session_id ON round (session_id);
CREATE INDEX ix_run_round_id ON run (round_id);
COMMIT;
