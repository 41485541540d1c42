<?php echo $_SERVER["REQUEST_URI"] === "/health" ? "ok\n" : "php\n";
