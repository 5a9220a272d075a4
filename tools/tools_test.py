#!/usr/bin/python3
"""Tests of the checks in this folder, each on a small tree of its own."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(HERE, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


check_awaits, check_docs, check_layers, left_out, new_component = map(
    load, ("check_awaits", "check_docs", "check_layers", "left_out", "new_component"))

FOLDERS = "set(HERMETIC_FOLDERS\n    core mail  # pure\n    tls net  # adapters\n    inbound)  # services\n"


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


class Layers(Tree):
    def setUp(self):
        super().setUp()
        self.write("src/CMakeLists.txt", FOLDERS)
        self.write("src/core/CMakeLists.txt", "hermetic_library(core)\n")
        self.write("src/mail/CMakeLists.txt", "hermetic_library(mail DEPENDS core EXTERNAL fmt)\n")
        self.write("src/tls/CMakeLists.txt", "hermetic_library(tls DEPENDS core EXTERNAL openssl)\n")
        self.write("src/net/CMakeLists.txt", "hermetic_library(net DEPENDS tls EXTERNAL asio)\n")
        self.write("src/inbound/CMakeLists.txt",
                   "hermetic_library(inbound DEPENDS net mail\n    TEST_DEPENDS mail)\n")

    def problems(self):
        return check_layers.check(self.root)[0]

    def assert_one(self, text):
        problems = self.problems()
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(text, problems[0])

    def test_downward_use_is_allowed_through_others(self):
        self.write("src/inbound/session.cc", '#include "core/result.h"\n#include "net/stream.h"\n')
        self.assertEqual(self.problems(), [])

    def test_undeclared_use_is_found(self):
        self.write("src/mail/a.cc", '#include "tls/context.h"\n')
        self.assert_one("mail does not DEPEND on tls")

    def test_upward_dependency_is_found(self):
        self.write("src/mail/CMakeLists.txt", "hermetic_library(mail DEPENDS net)\n")
        self.assert_one("stands later")

    def test_unlisted_folder_is_found(self):
        self.write("src/extra/CMakeLists.txt", "hermetic_library(extra)\n")
        self.assert_one("does not name extra")

    def test_undeclared_library_is_found(self):
        self.write("src/core/a.cc", "#include <fmt/format.h>\n")
        self.assert_one("does not name fmt")

    def test_programs_are_started_in_one_place(self):
        self.write("src/core/a.cc", "// fork() it\nint f() { return context.system(1) + pitchfork(2) + x.fork(); }\n")
        self.write("src/core/b_test.cc", "int f() { return ::fork(); }\n")
        self.assertEqual(self.problems(), [])
        self.write("src/core/c.cc", "int f()\n{\n    return ::posix_spawn(a, b);\n}\n")
        self.assert_one("src/core/c.cc:3: child:")

    def test_files_are_read_in_one_way(self):
        self.write("src/tls/a_test.cc", 'void f() { std::ifstream in{"x"}; }\n')
        self.write("src/tls/a.h", "// BIO_new_file\nvoid f() { socket.open(x); std::ofstream out; PEM_read_bio_X509(b); }\n")
        self.write("src/tls/durable_file.cc", "int f() { return ::open(a, b); }\n")
        self.assertEqual(self.problems(), [])
        for way in ("std::ifstream in{a};", "BIO_new_file(a);", "::open(a);", "std::fopen(a);", "fopen (a);",
                    "X509_STORE_load_file(s, a);", "SSL_CTX_use_certificate_chain_file(c, a);", "PEM_read_X509(f);",
                    "set(CURLOPT_CAINFO, a);", "ub_ctx_add_ta_file(c, a);"):
            self.write("src/tls/b.cc", f"void f()\n{{\n    {way}\n}}\n")
            self.assert_one("src/tls/b.cc:3: reading:")

    def test_pure_folders_know_no_thread(self):
        self.write("src/core/a.h", "#include <mutex>\n")
        self.assert_one("pure: <mutex>")

    def test_a_commented_include_is_none(self):
        self.write("src/core/a.h", "// #include <mutex>\n/*\n#include <thread>\n*/\n")
        self.assertEqual(self.problems(), [])

    def test_heavy_header_stays_within_its_folder(self):
        self.write("src/tls/private.h", "#include <openssl/ssl.h>\n")
        self.write("src/inbound/private.h", "#include <boost/asio/post.hpp>\n")
        self.write("src/inbound/session.h", '#include "inbound/private.h"\n')
        self.assertEqual(self.problems(), [])

    def test_heavy_header_reaching_another_folder_is_found(self):
        self.write("src/CMakeLists.txt", FOLDERS.replace("inbound)", "inbound cli)"))
        self.write("src/cli/CMakeLists.txt", "hermetic_library(cli DEPENDS inbound)\n")
        self.write("src/inbound/private.h", "#include <boost/asio/post.hpp>\n")
        self.write("src/inbound/session.h", '#include "inbound/private.h"\n')
        self.write("src/cli/main.cc", '#include "inbound/session.h"\n')
        self.assert_one("heavy: inbound/session.h")


class Docs(Tree):
    def setUp(self):
        super().setUp()
        self.write("ARCHITECTURE.md", "# A\n\n| folder | job |\n|---|---|\n| `policy` | decides |\n")
        self.write("src/policy/README.md", "# policy\n")
        self.write("src/policy/tls.cc", 'constexpr Rule kRule{"dane.lookup-failed"};\n')
        self.write("src/policy/tls_test.cc", 'EXPECT_EQ(decide().skip, "dane.lookup-failed");\n')
        self.write("docs/policy/tls.md", "| id | why |\n|---|---|\n| `dane.lookup-failed` | hidden |\n")

    def problems(self):
        return check_docs.check(self.root)

    def assert_one(self, text):
        problems = self.problems()
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(text, problems[0])

    def test_a_consistent_tree_passes(self):
        self.assertEqual(self.problems(), [])

    def test_folder_without_a_row_and_row_without_a_folder(self):
        self.write("ARCHITECTURE.md", "# A\n\n| folder | job |\n|---|---|\n| `police` | decides |\n")
        self.assertEqual(len(self.problems()), 2)

    def test_folders_stand_in_the_order_of_the_build(self):
        self.write("src/mail/README.md", "# mail\n")
        self.write("src/CMakeLists.txt", "set(HERMETIC_FOLDERS\n    mail policy)  # pure\n")
        self.write("ARCHITECTURE.md", "| folder | job |\n|---|---|\n| `policy` | decides |\n| `mail` | values |\n")
        self.assert_one("policy stands where")

    def test_an_id_made_of_stage_and_ending(self):
        self.write("src/policy/stage.cc", 'return name(stage) + ".refused";\n')
        self.write("docs/policy/stage.md", "| rcpt.refused | the peer said no |\n")
        self.write("src/policy/stage_test.cc", 'EXPECT_EQ(reason, "rcpt.refused");\n')
        self.assertEqual(self.problems(), [])

    def test_long_readme(self):
        self.write("src/policy/README.md", "line\n" * 41)
        self.assert_one("41 lines")

    def test_undocumented_reason(self):
        self.write("src/policy/sts.cc", 'return "sts.wrong-host";\n')
        self.assert_one("sts.wrong-host has no row")

    def test_documented_reason_that_no_code_says(self):
        self.write("docs/policy/sts.md", "| `sts.absent` | nothing published |\n")
        self.write("src/policy/sts_test.cc", 'EXPECT_EQ(reason, "sts.absent");\n')
        self.assert_one("no code says sts.absent")

    def test_documented_reason_that_no_test_names(self):
        for text in ('// "dane.lookup-failed" comes from elsewhere\n', 'EXPECT_EQ(reason, kLookupFailed);\n',
                     'EXPECT_EQ(reason, "dane.lookup-failed-again");\n', 'EXPECT_EQ(reason, "dane.lookup");\n'):
            self.write("src/policy/tls_test.cc", text)
            self.assert_one("no test names dane.lookup-failed")
        # What a fixture has, it gives; a README expects nothing.
        self.write("src/policy/tls_fixture.h", 'const Skip kSkip{"dane.lookup-failed"};\n')
        self.write("tests/lab/README.md", "# lab\n\n`dane.lookup-failed`\n")
        self.assert_one("no test names dane.lookup-failed")

    def test_a_reason_among_other_words_is_named(self):
        self.write("src/policy/tls_test.cc", 'EXPECT_EQ(outcome(), "4.4.3 dane.lookup-failed");\n')
        self.assertEqual(self.problems(), [])

    def test_system_tests_name_reasons_too(self):
        self.write("src/policy/tls_test.cc", "\n")
        self.write("tests/interop/README.md", "# interop\n")
        self.write("tests/interop/dane_test.py", '"""Sees dane.lookup-failed."""\n# dane.lookup-failed\n')
        self.assert_one("no test names dane.lookup-failed")
        self.write("tests/interop/dane_test.py", 'assert f"{host} dane.lookup-failed" in text\n')
        self.assertEqual(self.problems(), [])

    def test_names_of_files_and_hosts_are_no_reasons(self):
        self.write("src/policy/a.cc", 'f("admin.sock", "mx.example.org", "a.b");  // no-reason: an option\n')
        self.assertEqual(self.problems(), [])

    def write_table(self, row, document="# TLS\n\n## Skipped\n\n| id | status |\n|---|---|\n| dns.failed | 4.4.312 |\n"):
        self.write("src/facts/README.md", "# facts\n")
        self.write("ARCHITECTURE.md", "# A\n\n| folder | job |\n|---|---|\n| `facts` | values |\n| `policy` | decides |\n")
        self.write("src/facts/reasons.def", row)
        self.write("docs/policy/dns.md", document)

    ROW = ('HERMETIC_FINDING(DnsFailed, "dns.failed", Dns, temporary(4, 312), Us,\n    "a lookup (of DNS) failed",\n'
           '    "Look.", kWhat, "Wait.", "dns#skipped")\n')

    def test_a_reason_of_the_table(self):
        self.write_table(self.ROW)
        self.write("src/policy/dns.cc", "return Reason::DnsFailed;\n")
        self.assert_one("no test names dns.failed")
        self.write("src/policy/dns_test.cc", "EXPECT_EQ(decide(), Reason::DnsFailed);\n")
        self.assertEqual(self.problems(), [])

    def test_the_table_and_the_documents_agree(self):
        self.write("src/policy/dns.cc", "return Reason::DnsFailed;\n")
        self.write("src/policy/dns_test.cc", "EXPECT_EQ(decide(), Reason::DnsFailed);\n")
        self.write_table(self.ROW.replace("312", "313"))
        self.assert_one("dns.md:7: table: dns.failed is 4.4.313")
        self.write_table(self.ROW.replace("#skipped", "#other"))
        self.assert_one("no row in docs/policy/dns.md, section #other")

    def test_a_reason_as_text_and_one_that_nobody_says(self):
        self.write_table(self.ROW)
        self.write("src/policy/dns_test.cc", "EXPECT_EQ(decide(), Reason::DnsFailed);\n")
        self.assert_one("no code says Reason::DnsFailed")
        self.write("src/policy/dns.cc", "return Reason::DnsFailed;\n")
        self.write("src/policy/a.cc", 'if (name(reason) == "dns.failed") wait();\n')
        self.assert_one('"dns.failed" as text; say Reason::DnsFailed')
        self.write("src/policy/a.cc", 'if (name(reason).starts_with("dns.")) wait();\n')
        self.assert_one('"dns." compares reasons as text')

    def test_dead_link_and_dead_anchor(self):
        self.write("CONTRIBUTING.md", "[a](nowhere.md) [b](ARCHITECTURE.md#nothing) [c](ARCHITECTURE.md#a)\n")
        problems = self.problems()
        self.assertEqual(len(problems), 2, problems)

    def test_guides_name_ids_that_exist(self):
        self.write("docs/reference/node.md", "## [log]\n\n| key | type |\n|---|---|\n| `level` | a level |\n")
        self.write("docs/guides/a.md", "`dane.lookup-failed`, `log.level` of `mx.example.org` in `org.toml`\n")
        self.assertEqual(self.problems(), [])
        self.write("README.md", "`log.levels`\n")
        self.assert_one("README.md:1: ids: nothing has the id log.levels")
        self.write("README.md", "`dane.lookup-fails`\n")
        self.assert_one("nothing has the id dane.lookup-fails")

    def test_options_differ_from_the_program(self):
        self.write("docs/reference/node.md", "old\n")
        for other in ("org", "reasons", "metrics", "setup"):
            self.write(f"docs/reference/{other}.md", "new\n")
        program = os.path.join(self.root, "program")
        self.write("program", "#!/bin/sh\necho new\n")
        os.chmod(program, 0o755)
        problems = check_docs.check(self.root, program)
        self.assertEqual(len(problems), 1, problems)
        self.write("docs/reference/node.md", "new\n")
        self.assertEqual(check_docs.check(self.root, program), [])


class Awaits(unittest.TestCase):
    def test_its_own_cases(self):
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(check_awaits.self_test(), 0)


class LeftOut(unittest.TestCase):
    def test_both_kinds_of_line(self):
        log = ("[ RUN      ] Knot.Signs\n/a/knot_test.cc:32: Skipped\nneeds Debian's package knot\n\n"
               "[  SKIPPED ] Knot.Signs (0 ms)\n[ RUN      ] Knot.Other\n[       OK ] Knot.Other (0 ms)\n"
               "left out  Exim relays: only root may make the namespaces that it runs in\nok  1.0 s  a\n")
        self.assertEqual(left_out.cases(log),
                         [("Exim relays", "only root may make the namespaces that it runs in"),
                          ("Knot.Signs", "needs Debian's package knot")])


class NewComponent(Tree):
    def test_the_skeleton_passes_the_checks(self):
        self.write("src/CMakeLists.txt", FOLDERS)
        self.write("src/core/CMakeLists.txt", "hermetic_library(core)\n")
        self.write("src/core/README.md", "# core\n")
        self.write("ARCHITECTURE.md", "| folder | job |\n|---|---|\n| `core` | values |\n")
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertIsNone(new_component.make(self.root, "rules", "core", ["core"], "Mail-flow rules."))
            self.assertIn("exists", new_component.make(self.root, "rules", "core", [], "Again."))
        self.assertEqual(check_layers.check(self.root)[0], [])
        self.assertEqual(check_docs.check(self.root), [])
        self.assertEqual(check_layers.folders_in_order(self.root)["rules"].position, 1)


if __name__ == "__main__":
    unittest.main()
