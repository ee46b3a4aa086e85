import { tlsFromFiles } from '@mcp-mtls/core'
import { createCertificateAuthority, createRevocationList } from '@mcp-mtls/authority'
import { writeFile, mkdtemp } from 'node:fs/promises'
const d = await mkdtemp('/tmp/prof/')
const ca = await createCertificateAuthority({name:'x'})
const s = await ca.issue({usage:'server',dns:['localhost']})
const lists=[]
const n=Number(process.argv[2])
for (let k=0;k<6;k++) lists.push(await createRevocationList(ca,{revoked:Array.from({length:n},(_, i)=>(0x10000+k*n+i).toString(16))}))
await writeFile(d+'/ca.crt',ca.certificate);await writeFile(d+'/s.crt',s.chain);await writeFile(d+'/s.key',s.key);await writeFile(d+'/crl',lists[0])
const tls = await tlsFromFiles({cert:d+'/s.crt',key:d+'/s.key',ca:d+'/ca.crt',crl:d+'/crl'})
const servers=[tls.createServer()]
for (let k=1;k<6;k++){ await writeFile(d+'/crl',lists[k]); const c=process.cpuUsage(),t=performance.now(); await tls.reload(); const u=process.cpuUsage(c); console.log('reload ms',(performance.now()-t).toFixed(1),'cpu ms',((u.user+u.system)/1000).toFixed(1)) }
await tls.close()
process.exit()
