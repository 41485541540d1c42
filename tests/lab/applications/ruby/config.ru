run ->(env) { [200, {}, [env["PATH_INFO"] == "/health" ? "ok\n" : "ruby\n"]] }
