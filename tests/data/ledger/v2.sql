PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE blob (
  -- Policy sources and inputs, by their SHA-256: what a plan was made from.
  digest TEXT NOT NULL PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;
INSERT INTO blob VALUES('9ecf04fb686fb2eed68ad98901826136e23bcbe89a33d8f3288492d7556afbfb',X'656d706c6f7965652c6e616d652c6d656574696e675f6163636f756e742c69616d5f757365725f69642c6465736b746f705f757365722c6c6173745f6461790a4530303030322ce7bd97e6b69b2c74616f2e6c756f2e303030322c63373830383266343562336163373664636638633839646235366132313033382c6c756f74616f5f303030322c323032362d31312d31390a4530303030332ce58898e5a89c2c6e612e6c69752e303030332c35646237313936323836303232653732656330343736646466656637623631332c6c69756e615f303030332c323032362d31312d31380a4530303030372ce5ad99e6988e2c6d696e672e73756e2e3030303740636f72702e6578616d706c652c33623264646134663362306636646138613030633964643166396232326230612c73756e6d696e675f303030372c323032362d31312d31340a4530303030382ce590b4e5a89f2c6a75616e2e77752e303030382c30303837313464623363646538343463383762643833623332373335653931342c77756a75616e5f303030382c323032362d31312d31330a');
INSERT INTO blob VALUES('5f1be048846aa9bfa3a864e69bcc363c7805b3c0fad047b49488bf0e99b56ca0',X'6c6f63616c2070656f706c65203d20696e7075742e63737620226c656176657273220a6c6f63616c20676f6e65203d2074617267657420226465736b746f7073223a72656d6f76652870656f706c652c207b206964203d20226465736b746f705f75736572222c206368756e6b203d2032207d290a74617267657420226d656574696e67223a64656c65746528676f6e652e7375636365656465642c207b206964203d20226d656574696e675f6163636f756e74222c206368756e6b203d2032207d290a');
INSERT INTO blob VALUES('c1bf53ed7073ecbaf5931329182191885e1b34fa16a51527fbdb3a2762c73abd',X'6c6f63616c2070656f706c65203d20696e7075742e63737620226c656176657273220a77616974207b206d696e75746573203d2031207d0a6e6f746528226f76657220666f722022202e2e202370656f706c65290a');
INSERT INTO blob VALUES('52f4f17bdda816d94bae53ca8a63f48e8ee9bc51132568729f92fe1b0f3a5456',X'74617267657420226465736b746f7073223a6c6f636b28696e7075742e63737620226c656176657273222c207b206964203d20226465736b746f705f7573657222207d290a');
CREATE TABLE plan (
  -- What policies proposed; document is canonical JSON and digest is its SHA-256.
  id TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  policy_name TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT;
INSERT INTO "plan" VALUES('08e6732e734c3edf','08e6732e734c3edfdcccba13a7b9d49c732d0725c9d830a96639e551260604a5',1795346185609,'done.lua','{"actions":[{"action":"remove","by":["add","lock"],"says":{"keeps":["EndUserId","Email","Phone","Status","OwnerType","Remark","RealNickName","NickName","OrgId","Groups","EnableAdminAccess","PasswordExpireDays","AutoLockTime"],"loses":[{"field":"Password","why":"a new one is set that nobody knows; the person has to reset it"},{"field":"Id","why":"the cloud gives a new one"},{"field":"WyId","why":"the cloud gives a new one"},{"field":"Orgs","why":"of several organisations only the first is given again"},{"field":"OrgList","why":"of several organisations only the first is given again"},{"field":"Properties","why":"they are set by the number of the new account; set them by hand"},{"field":"UserSetPropertiesModels","why":"they are set by the number of the new account; set them by hand"},{"field":"DesktopCount","why":"desktops are not assigned again"},{"field":"DesktopGroupCount","why":"desktops are not assigned again"},{"field":"Extras","why":"desktops are not assigned again"},{"field":"ResourcePolicyList","why":"desktops are not assigned again"},{"field":"MfaDevices","why":"devices have to be bound again"},{"field":"IsTenantManager","why":"cannot be set"},{"field":"JobNumber","why":"cannot be set"},{"field":"ExternalName","why":"cannot be set"},{"field":"ExternalInfo","why":"cannot be set"},{"field":"Address","why":"cannot be set"},{"field":"Avatar","why":"cannot be set"},{"field":"SupportLoginIdps","why":"cannot be set"},{"field":"PasswordExpireRestDays","why":"begins anew"}]},"target":"desktops","undo":"restorable"},{"action":"delete","by":["add","add_rooms","add_admin"],"says":{"keeps":["userAccount","thirdAccount","name","englishName","phone","country","email","deptCode","deptName","deptNamePath","userType","adminType","signature","title","desc","function","status","sortLevel","hidePhone"],"loses":[{"field":"password","why":"a new one is made and sent to nobody; the person has to reset it"},{"field":"id","why":"the cloud gives a new one"},{"field":"sipNum","why":"the cloud gives a new one"},{"field":"vmrId","why":"the cloud gives a new one"},{"field":"vmrList","why":"cloud rooms that are still free come back; the personal meeting ID is a new one, and webinar rooms stay with the company"},{"field":"activeTime","why":"begins anew"},{"field":"license","why":"begins anew"},{"field":"visionAccount","why":"cannot be set"},{"field":"corp","why":"cannot be set"},{"field":"devType","why":"cannot be set"},{"field":"expireTime","why":"cannot be set"},{"field":"activeCode","why":"cannot be set"},{"field":"activeCodeExpireTime","why":"cannot be set"}]},"target":"meeting","undo":"restorable"}],"allow_empty":false,"cpu_ms":10000,"created_ms":1795346185609,"inputs":[{"digest":"9ecf04fb686fb2eed68ad98901826136e23bcbe89a33d8f3288492d7556afbfb","name":"leavers","path":"/tmp/leavers/l.csv","source":"l.csv"}],"memory":67108864,"notes":[],"now_ms":1795346185608,"policy":{"digest":"5f1be048846aa9bfa3a864e69bcc363c7805b3c0fad047b49488bf0e99b56ca0","name":"done.lua"},"program":"0.1.0","readings":[],"steps":[{"action":"remove","kind":"delete","options":{"chunk":2,"id":"desktop_user"},"path":"1","people":[["E00002","luotao_0002"],["E00003","liuna_0003"],["E00007","sunming_0007"],["E00008","wujuan_0008"]],"target":"desktops"},{"action":"delete","kind":"delete","options":{"chunk":2,"id":"meeting_account"},"path":"2","people":[["E00002","tao.luo.0002"],["E00003","na.liu.0003"],["E00007","ming.sun.0007@corp.example"],["E00008","juan.wu.0008"]],"target":"meeting"}],"targets":[{"endpoint":"http://127.0.0.1:18099","name":"desktops","provider":"alibaba-eds"},{"endpoint":"http://127.0.0.1:18099","name":"meeting","provider":"huawei-meeting"}],"today":"2026-11-22","vars":{},"version":1}');
INSERT INTO "plan" VALUES('0455a20086a7d62f','0455a20086a7d62f30d578520911a6522dfd72097acab77a6ba0fd17d16c1187',1795346185829,'wait.lua','{"actions":[],"allow_empty":false,"cpu_ms":10000,"created_ms":1795346185829,"inputs":[{"digest":"9ecf04fb686fb2eed68ad98901826136e23bcbe89a33d8f3288492d7556afbfb","name":"leavers","path":"/tmp/leavers/l.csv","source":"l.csv"}],"memory":67108864,"notes":["over for 4"],"now_ms":1795346185829,"policy":{"digest":"c1bf53ed7073ecbaf5931329182191885e1b34fa16a51527fbdb3a2762c73abd","name":"wait.lua"},"program":"0.1.0","readings":[],"steps":[{"action":"wait","due_ms":1795346245829,"options":{"minutes":1},"path":"1","target":""}],"targets":[],"today":"2026-11-22","vars":{},"version":1}');
INSERT INTO "plan" VALUES('4e69b8f3bcaf657b','4e69b8f3bcaf657b9e0add97b90a6dab39b41df3f6f80068a7c169a8f7d0d8d0',1795346185926,'lock.lua','{"actions":[{"action":"lock","by":["unlock"],"target":"desktops","undo":"reversible"}],"allow_empty":false,"cpu_ms":10000,"created_ms":1795346185926,"inputs":[{"digest":"9ecf04fb686fb2eed68ad98901826136e23bcbe89a33d8f3288492d7556afbfb","name":"leavers","path":"/tmp/leavers/l.csv","source":"l.csv"}],"memory":67108864,"notes":[],"now_ms":1795346185926,"policy":{"digest":"52f4f17bdda816d94bae53ca8a63f48e8ee9bc51132568729f92fe1b0f3a5456","name":"lock.lua"},"program":"0.1.0","readings":[],"steps":[{"action":"lock","kind":"disable","options":{"id":"desktop_user"},"path":"1","people":[["E00002","luotao_0002"],["E00003","liuna_0003"],["E00007","sunming_0007"],["E00008","wujuan_0008"]],"target":"desktops"}],"targets":[{"endpoint":"http://127.0.0.1:18099","name":"desktops","provider":"alibaba-eds"}],"today":"2026-11-22","vars":{},"version":1}');
CREATE TABLE run (
  -- One execution of a plan. state: open (may be resumed) or done; exit: how it ended or
  -- stopped, '' while it has not; detail: why; due_ms: it waits until then, 0: it does not.
  id INTEGER PRIMARY KEY,
  plan TEXT REFERENCES plan(id),
  state TEXT NOT NULL DEFAULT 'open',
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  exit TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  due_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO run VALUES(1,'08e6732e734c3edf','done',1795346185654,1795346185782,'partial','',0);
INSERT INTO run VALUES(2,'0455a20086a7d62f','open',1795346185846,0,'waiting','waits until 2026-11-22T11:17:25Z',1795346245854);
CREATE TABLE step (
  -- One proposal of a run. path: its place in the policy; digest: of what was proposed;
  -- options and result are JSON; settled: every person of it has an outcome.
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run(id),
  path TEXT NOT NULL,
  target TEXT NOT NULL,
  action TEXT NOT NULL,
  digest TEXT NOT NULL,
  settled INTEGER NOT NULL,
  options TEXT NOT NULL,
  result TEXT NOT NULL,
  UNIQUE (run, path)
) STRICT;
INSERT INTO step VALUES(1,1,'1','desktops','remove','47883b4ed35ea124e1d8d288cd9a3661540c1e9e5adcc25cd86525d19eec4e79',1,'{"chunk":2,"id":"desktop_user"}','');
INSERT INTO step VALUES(2,1,'2','meeting','delete','a168da86adbb122fe8760d6fcc977755f816d7b4eb99debeb158af977dd2189f',1,'{"chunk":2,"id":"meeting_account"}','');
INSERT INTO step VALUES(3,2,'1','','wait','c4f2ff2581981b6b91fd5890a2db148f41e56702a5d93e4a535d8cc0b6a5ad19',0,'{"begun_ms":1795346185854,"due":"2026-11-22T11:17:25Z","due_ms":1795346245854,"minutes":1}','');
CREATE TABLE person (
  -- The people of a step, in the order of its roster. id: what the cloud knows them by;
  -- state: pending, ready, sent, accepted, doubt, succeeded, failed, unknown, skipped;
  -- calls: mutating calls that named them.
  step INTEGER NOT NULL REFERENCES step(id),
  position INTEGER NOT NULL,
  person TEXT NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  detail TEXT NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (step, position)
) STRICT, WITHOUT ROWID;
INSERT INTO person VALUES(1,0,'E00002','luotao_0002','succeeded','',1);
INSERT INTO person VALUES(1,1,'E00003','liuna_0003','succeeded','',1);
INSERT INTO person VALUES(1,2,'E00007','sunming_0007','succeeded','',1);
INSERT INTO person VALUES(1,3,'E00008','wujuan_0008','succeeded','',1);
INSERT INTO person VALUES(2,0,'E00002','tao.luo.0002','succeeded','',1);
INSERT INTO person VALUES(2,1,'E00003','na.liu.0003','succeeded','',1);
INSERT INTO person VALUES(2,2,'E00007','ming.sun.0007@corp.example','failed','USG.201040003: The account is in use',2);
INSERT INTO person VALUES(2,3,'E00008','juan.wu.0008','succeeded','',2);
CREATE TABLE snapshot (
  -- What the cloud said of a person before they were changed, JSON.
  step INTEGER NOT NULL,
  position INTEGER NOT NULL,
  document TEXT NOT NULL,
  UNIQUE (step, position),
  FOREIGN KEY (step, position) REFERENCES person(step, position)
) STRICT;
INSERT INTO snapshot VALUES(1,0,'{"fields":{"AutoLockTime":"","DesktopCount":0,"DesktopGroupCount":0,"Email":"tao.luo.0002@corp.example","EnableAdminAccess":false,"EndUserId":"luotao_0002","ExternalInfo":{"ExternalName":"","JobNumber":"E00002"},"Groups":[],"Id":9007199254740995,"IsTenantManager":false,"OrgList":[{"OrgId":"org-aliyun-wy-org-id","OrgName":"root","OrgNamePath":"root"}],"OwnerType":"Normal","RealNickName":"Tao Luo","Status":0,"SupportLoginIdps":[],"UserSetPropertiesModels":[]},"id":"luotao_0002","state":"active"}');
INSERT INTO snapshot VALUES(1,1,'{"fields":{"AutoLockTime":"","DesktopCount":1,"DesktopGroupCount":0,"Email":"na.liu.0003@corp.example","EnableAdminAccess":false,"EndUserId":"liuna_0003","ExternalInfo":{"ExternalName":"","JobNumber":"E00003"},"Groups":[],"Id":9007199254740996,"IsTenantManager":false,"OrgList":[{"OrgId":"org-aliyun-wy-org-id","OrgName":"root","OrgNamePath":"root"}],"OwnerType":"Normal","Phone":"+8613800000003","RealNickName":"Na Liu","Status":0,"SupportLoginIdps":[],"UserSetPropertiesModels":[]},"id":"liuna_0003","state":"active"}');
INSERT INTO snapshot VALUES(1,2,'{"fields":{"AutoLockTime":"","DesktopCount":1,"DesktopGroupCount":0,"Email":"ming.sun.0007@corp.example","EnableAdminAccess":false,"EndUserId":"sunming_0007","ExternalInfo":{"ExternalName":"","JobNumber":"E00007"},"Groups":[],"Id":9007199254741000,"IsTenantManager":false,"OrgList":[{"OrgId":"org-aliyun-wy-org-id","OrgName":"root","OrgNamePath":"root"}],"OwnerType":"Normal","RealNickName":"Ming Sun","Status":0,"SupportLoginIdps":[],"UserSetPropertiesModels":[]},"id":"sunming_0007","state":"active"}');
INSERT INTO snapshot VALUES(1,3,'{"fields":{"AutoLockTime":"","DesktopCount":0,"DesktopGroupCount":0,"Email":"juan.wu.0008@corp.example","EnableAdminAccess":false,"EndUserId":"wujuan_0008","ExternalInfo":{"ExternalName":"","JobNumber":"E00008"},"Groups":[],"Id":9007199254741001,"IsTenantManager":false,"OrgList":[{"OrgId":"org-aliyun-wy-org-id","OrgName":"root","OrgNamePath":"root"}],"OwnerType":"CreateFromManager","RealNickName":"Juan Wu","Status":0,"SupportLoginIdps":[],"UserSetPropertiesModels":[]},"id":"wujuan_0008","state":"active"}');
INSERT INTO snapshot VALUES(2,0,'{"fields":{"activeTime":1700000000003,"admin":false,"adminType":2,"country":"chinaPR","deptCode":"3","deptName":"Department 3","deptNamePath":"Corp","desc":"","email":"tao.luo.0002@corp.example","englishName":"Tao Luo","function":{"enableRoom":false},"hidePhone":false,"id":"5f9a1c3e-7d42-4b6a-9e01-000000000003","license":0,"name":"罗涛","phone":"+8613800000002","signature":"","sipNum":"+99100000003","sortLevel":10000,"status":0,"thirdAccount":"E00002","title":"","userAccount":"tao.luo.0002","userType":2,"visionAccount":null,"vmrId":"970000003","vmrList":[{"id":"5f9a1c3e-7d42-4b6a-9e01-000077359403","status":0,"vmrId":"970000003","vmrMode":0,"vmrName":"Room 970000003","vmrPkgId":"pkg-1","vmrPkgLength":1440,"vmrPkgName":"Standard","vmrPkgParties":100}]},"id":"tao.luo.0002","state":"active"}');
INSERT INTO snapshot VALUES(2,1,'{"fields":{"activeTime":1700000000004,"admin":false,"adminType":2,"country":"chinaPR","deptCode":"4","deptName":"Department 4","deptNamePath":"Corp","desc":"","email":"na.liu.0003@corp.example","englishName":"Na Liu","function":{"enableRoom":false},"hidePhone":false,"id":"5f9a1c3e-7d42-4b6a-9e01-000000000004","license":0,"name":"刘娜","phone":"+8613800000003","signature":"","sipNum":"+99100000004","sortLevel":10000,"status":0,"thirdAccount":"E00003","title":"Engineer","userAccount":"na.liu.0003","userType":2,"visionAccount":null,"vmrId":"970000004","vmrList":[{"id":"5f9a1c3e-7d42-4b6a-9e01-000077359404","status":0,"vmrId":"970000004","vmrMode":0,"vmrName":"Room 970000004","vmrPkgId":"pkg-1","vmrPkgLength":1440,"vmrPkgName":"Standard","vmrPkgParties":100}]},"id":"na.liu.0003","state":"active"}');
INSERT INTO snapshot VALUES(2,2,'{"fields":{"activeTime":1700000000008,"admin":false,"adminType":2,"country":"chinaPR","deptCode":"8","deptName":"Department 8","deptNamePath":"Corp","desc":"","email":"ming.sun.0007@corp.example","englishName":"Ming Sun","function":{"enableRoom":false},"hidePhone":false,"id":"5f9a1c3e-7d42-4b6a-9e01-000000000008","license":0,"name":"孙明","phone":"+8613800000007","signature":"","sipNum":"+99100000008","sortLevel":10000,"status":0,"thirdAccount":"E00007","title":"","userAccount":"ming.sun.0007@corp.example","userType":2,"visionAccount":null,"vmrId":"970000008","vmrList":[{"id":"5f9a1c3e-7d42-4b6a-9e01-000077359408","status":0,"vmrId":"970000008","vmrMode":0,"vmrName":"Room 970000008","vmrPkgId":"pkg-1","vmrPkgLength":1440,"vmrPkgName":"Standard","vmrPkgParties":100}]},"id":"ming.sun.0007@corp.example","state":"active"}');
INSERT INTO snapshot VALUES(2,3,'{"fields":{"activeTime":1700000000009,"admin":false,"adminType":2,"country":"chinaPR","deptCode":"1","deptName":"Department 1","deptNamePath":"Corp","desc":"","email":"juan.wu.0008@corp.example","englishName":"Juan Wu","function":{"enableRoom":false},"hidePhone":false,"id":"5f9a1c3e-7d42-4b6a-9e01-000000000009","license":0,"name":"吴娟","phone":"+8613800000008","signature":"Best regards, Juan Wu","sipNum":"+99100000009","sortLevel":9,"status":0,"thirdAccount":"E00008","title":"","userAccount":"juan.wu.0008","userType":2,"visionAccount":null,"vmrId":"970000009","vmrList":[{"id":"5f9a1c3e-7d42-4b6a-9e01-000077359409","status":0,"vmrId":"970000009","vmrMode":0,"vmrName":"Room 970000009","vmrPkgId":"pkg-1","vmrPkgLength":1440,"vmrPkgName":"Standard","vmrPkgParties":100}]},"id":"juan.wu.0008","state":"active"}');
CREATE TABLE call (
  -- One HTTP exchange, written before it is sent. done_ms 0: its effect is in doubt.
  -- kind: act, lookup, list, snapshot, login, raw; step: a path, '' for login and list;
  -- people: positions in the step's roster, '0-99,105'.
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run(id),
  step TEXT NOT NULL,
  target TEXT NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  body_digest TEXT NOT NULL,
  people TEXT NOT NULL,
  people_count INTEGER NOT NULL,
  sent_ms INTEGER NOT NULL,
  done_ms INTEGER NOT NULL,
  http_status INTEGER NOT NULL,
  result TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
INSERT INTO call VALUES(1,1,'1','desktops','snapshot','snapshot',1,'511b149d-c246-4761-8846-cc65728eca94','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','0-3',4,1795346185673,1795346185683,200,'accepted','');
INSERT INTO call VALUES(2,1,'1','desktops','remove','act',1,'6d009032-0069-4ac5-9a13-7230ce45d0a0','51692bd8d4dd3d6f925cd13102f38ef76381e30f56cb32bfce5d2740340ec802','0-1',2,1795346185683,1795346185710,200,'mixed','');
INSERT INTO call VALUES(3,1,'1','desktops','remove','act',1,'c8a1929b-2f75-4f39-9654-44ba88c88393','243cd35aef5fde2fe0f49847138d75e46ca69afef7298118bfb71b16543915dc','2-3',2,1795346185683,1795346185711,200,'mixed','');
INSERT INTO call VALUES(4,1,'1','desktops','lookup','lookup',1,'f9028245-387e-4623-a194-8deed38f376e','32d76d9b76505d3badd1838f08cbf72dee7779583e25559286dbf80ced355f96','0-3',4,1795346185711,1795346185717,200,'accepted','');
INSERT INTO call VALUES(5,1,'','meeting','login','login',1,'00ec6451-f0b6-4799-bb9d-c40b1780f81f','bb1d7e50aab718a1a2dd7a5cc66e30b420f249bb40cf8f975fa1cc3f1e814856','',0,1795346185731,1795346185739,200,'accepted','');
INSERT INTO call VALUES(6,1,'2','meeting','snapshot','snapshot',1,'7466a4c3-416c-4ab1-ba1f-bfbc9e8f7c68','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','0',1,1795346185740,1795346185742,200,'accepted','');
INSERT INTO call VALUES(7,1,'2','meeting','snapshot','snapshot',1,'f89964db-626d-46f9-a3a3-940fec5af76b','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','1',1,1795346185740,1795346185742,200,'accepted','');
INSERT INTO call VALUES(8,1,'2','meeting','snapshot','snapshot',1,'112453e4-33cf-41ba-8673-319fdd6d1c7c','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2',1,1795346185742,1795346185750,200,'accepted','');
INSERT INTO call VALUES(9,1,'2','meeting','snapshot','snapshot',1,'d4d4b6a4-f69a-41e9-b6f4-d8dab93b5aa8','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','3',1,1795346185743,1795346185751,200,'accepted','');
INSERT INTO call VALUES(10,1,'2','meeting','delete','act',1,'892964d1-38eb-43a7-b3fa-3244876d01f4','d49c0cee3d9372cf123d5a0b63f729d01883a2de71ba4ca2eb4160bd4de66993','0-1',2,1795346185751,1795346185759,200,'accepted','');
INSERT INTO call VALUES(11,1,'2','meeting','delete','act',1,'f0056c99-68f1-44b9-bc30-3f01e9986457','2108bdeadbdc2e06d25640ca794b2f737095b33469b4440b946505465ac96621','2-3',2,1795346185751,1795346185759,400,'refused','USG.201040003: The account is in use');
INSERT INTO call VALUES(12,1,'2','meeting','delete','act',1,'64866b7c-59ca-4cb2-8a70-55fc13714e52','e8b81b514f37c832c586fea9a2106a566c461543b9ccc766fada302d13ae190e','2',1,1795346185760,1795346185766,400,'refused','USG.201040003: The account is in use');
INSERT INTO call VALUES(13,1,'2','meeting','delete','act',1,'837c7147-c732-4105-b0ed-d123080a7dbf','ace050e92fffdf258f46980150b749676e99ccda4fb2b8b92d409b7b07427faf','3',1,1795346185767,1795346185775,200,'accepted','');
INSERT INTO call VALUES(14,1,'2','meeting','lookup','lookup',1,'d5cbd331-41ac-4c12-b761-97cb9e07df8d','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','0',1,1795346185775,1795346185778,400,'accepted','');
INSERT INTO call VALUES(15,1,'2','meeting','lookup','lookup',1,'e8dedde2-11a3-420f-8a76-1af9e9e631c2','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','1',1,1795346185775,1795346185778,400,'accepted','');
INSERT INTO call VALUES(16,1,'2','meeting','lookup','lookup',1,'e7c725d0-85f8-48ca-9a20-98f4126d394a','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2',1,1795346185775,1795346185779,200,'accepted','');
INSERT INTO call VALUES(17,1,'2','meeting','lookup','lookup',1,'11baf133-3a5c-461a-9849-86afcf82f5ea','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','3',1,1795346185775,1795346185779,400,'accepted','');
CREATE TABLE learned (
  -- What runs found out about a target, for the next one.
  target TEXT NOT NULL,
  what TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (target, what)
) STRICT, WITHOUT ROWID;
INSERT INTO learned VALUES('desktops','culprits.remove','0.00 4');
INSERT INTO learned VALUES('meeting','culprits.delete','1.00 4');
CREATE INDEX plan_by_age ON plan(created_ms);
CREATE INDEX run_by_plan ON run(plan);
CREATE INDEX call_by_run ON call(run);
CREATE INDEX call_by_step ON call(run, step);
CREATE VIEW outcome AS
  -- For people: who, where, and what became of it.
  SELECT step.run, step.path, step.target, step.action, person.position, person.person,
         person.id, person.state, person.detail, person.calls
  FROM person JOIN step ON step.id = person.step
;
COMMIT;
PRAGMA application_id = 1868980847;
PRAGMA user_version = 2;
