Deno.serve({ port: Number(Deno.env.get("PORT") ?? 8080) }, () => new Response("deno\n"));
