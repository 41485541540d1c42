module lab.test/go

go 1.22
