// Keeping a certificate, against an ACME server in memory. The real one:
// tests/interop/acme_test.py.
#include "acme/keeper.h"

#include "acme/fake_server_fixture.h"
#include "ledger/log_fixture.h"
#include "net/core_fixture.h"
#include "net/stream.h"
#include "net/task_group.h"
#include "tls/durable_file.h"
#include "tls/pki_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace hermetic::acme {
namespace {

using std::chrono::minutes;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AcmeKeeper : public testing::Test {
protected:
    AcmeKeeper()
    {
        kept_.name = "mx";
        kept_.chain_file = files_.path("acme/mx/chain.pem");
        kept_.key_file = files_.path("acme/mx/key.pem");
        kept_.attempts_file = files_.path("acme/mx/attempts");
        kept_.order.directory = "https://acme.test/directory";
        kept_.order.contact = "hostmaster@mx.test";
        kept_.order.domains = {"mx.test"};
        kept_.order.at = {*Endpoint::parse("127.0.0.1:0")};
        kept_.order.folder = files_.path("acme/mx");
        server_.issue = [this] { return issued_for("mx.test"); };
    }

    // A chain for the key that is kept.
    std::string issued_for(const std::string& host)
    {
        const std::string chain = files_.path("issued.pem");
        std::filesystem::remove(chain);
        const auto made =
            tls::ensure_self_signed({"issued", chain, kept_.key_file}, host, fixture_.clock.wall());
        EXPECT_TRUE(made);
        return files_.read("issued.pem");
    }

    // A server that is started, and runs until so many more events have been logged.
    void run(std::size_t events)
    {
        const std::size_t until = log_.events.size() + events;
        net::CoreFixture core;
        core.clock.shift = fixture_.clock.shift;
        Keeper keeper{core.core, server_, log_};
        keeper.keep({kept_});
        net::TaskGroup tasks{core.core};
        tasks.spawn(keeper.run());
        core.core.loop().restart();
        while (log_.events.size() < until) core.core.loop().run_one();
        core.core.loop().poll();
        issued_ = keeper.counts().issued;
        core.core.cancel_all();
        core.run(tasks.join());
    }
    // As above, until nothing is left to do now.
    void run_idle()
    {
        net::CoreFixture core;
        core.clock.shift = fixture_.clock.shift;
        Keeper keeper{core.core, server_, log_};
        keeper.keep({kept_});
        net::TaskGroup tasks{core.core};
        tasks.spawn(keeper.run());
        core.core.loop().restart();
        core.core.loop().poll();
        core.core.cancel_all();
        core.run(tasks.join());
    }
    // To a customer of the server, which wants that.
    void bind_to(const std::string& key_id)
    {
        server_.binds_accounts = true;
        kept_.order.eab_key_id = key_id;
        kept_.order.eab_hmac_file = files_.path("eab.key");
        files_.write("eab.key", "a2V5\n");
        std::filesystem::permissions(
            kept_.order.eab_hmac_file,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
    [[nodiscard]] int orders() const
    {
        return static_cast<int>(
            std::count_if(server_.called.begin(), server_.called.end(),
                          [](const auto& each) { return each.starts_with("/new-order"); }));
    }

    tls::PkiFixture files_;
    net::CoreFixture fixture_;
    ledger::MemoryLog log_;
    FakeServer server_;
    Kept kept_;
    std::uint64_t issued_ = 0;
};

TEST_F(AcmeKeeper, OrdersWhatIsMissingAndInstallsIt)
{
    run(2);
    EXPECT_EQ(issued_, 1U);
    ASSERT_THAT(log_.events.back(), StartsWith("acme.issued certificate=mx not_after="));
    const auto loaded = tls::load_certificate({"mx", kept_.chain_file, kept_.key_file});
    ASSERT_TRUE(loaded) << loaded.error().what;
    struct stat status {};
    ASSERT_EQ(::stat(kept_.key_file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_THAT(server_.called, Contains(AllOf(StartsWith("/new-account"),
                                               HasSubstr("mailto:hostmaster@mx.test"))));
    run_idle();
    EXPECT_EQ(orders(), 1) << "kept over a restart";
}

TEST_F(AcmeKeeper, ChallengesThatAreNotKnownArePassedOver)
{
    server_.offers = {"dns-persist-01", "from-the-future-07", "http-01"};
    run(2);
    EXPECT_EQ(issued_, 1U);
}

TEST_F(AcmeKeeper, AServerWithoutTheOrdersChallengeIsSaid)
{
    server_.offers = {"dns-persist-01", "dns-01"};
    run(2);
    EXPECT_THAT(log_.events.back(),
                HasSubstr("does not offer http-01, only: dns-persist-01, dns-01"));
}

TEST_F(AcmeKeeper, ANonceThatIsRefusedIsExchanged)
{
    server_.refuses_a_nonce = true;
    run(2);
    EXPECT_EQ(issued_, 1U);
}

TEST_F(AcmeKeeper, AFailedOrderKeepsTheOldChainAndSaysWhatTheServerSaid)
{
    ASSERT_TRUE(tls::write_durably(kept_.chain_file, "old", tls::FileMode::Readable));
    server_.refuses_orders = {
        403, R"({"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"not yours"})"};
    run(2);
    EXPECT_EQ(issued_, 0U);
    EXPECT_THAT(log_.events.back(), HasSubstr("acme.failed certificate=mx"));
    EXPECT_THAT(log_.events.back(), HasSubstr("rejectedIdentifier: not yours"));
    EXPECT_EQ(files_.read("acme/mx/chain.pem"), "old");
}

// An operator who has repaired what made it fail does not wait for its time.
TEST_F(AcmeKeeper, WhatFailedIsOrderedAtOnceWhereItIsAskedFor)
{
    const auto issue = server_.issue;
    server_.issue = [] { return std::string{"no certificate"}; };
    run(2);
    server_.issue = issue;
    net::CoreFixture core;
    Keeper keeper{core.core, server_, log_};
    keeper.keep({kept_});
    ASSERT_EQ(keeper.states().size(), 1U);
    EXPECT_EQ(keeper.states()[0].failures, 1U);
    EXPECT_FALSE(keeper.states()[0].error.empty());
    EXPECT_GT(keeper.states()[0].next, core.clock.wall());
    EXPECT_FALSE(keeper.renew_now("other"));
    EXPECT_TRUE(keeper.renew_now("mx"));
    net::TaskGroup tasks{core.core};
    tasks.spawn(keeper.run());
    const std::size_t until = log_.events.size() + 2;
    core.core.loop().restart();
    while (log_.events.size() < until) core.core.loop().run_one();
    core.core.loop().poll();
    EXPECT_EQ(keeper.counts().issued, 1U);
    EXPECT_EQ(keeper.states()[0].failures, 0U);
    EXPECT_GT(keeper.states()[0].next, core.clock.wall()) << "ordered once";
    std::filesystem::remove(kept_.chain_file);
    EXPECT_GT(keeper.states()[0].next, core.clock.wall()) << "who asks makes nobody read files";
    core.core.cancel_all();
    core.run(tasks.join());
}

TEST_F(AcmeKeeper, WhatIsIssuedForOthersIsNotInstalled)
{
    server_.issue = [this] { return issued_for("other.test"); };
    run(2);
    EXPECT_THAT(log_.events.back(), HasSubstr("acme.failed"));
    EXPECT_FALSE(std::filesystem::exists(kept_.chain_file));
}

TEST_F(AcmeKeeper, ARenewalKeepsTheKey)
{
    run(2);
    const std::string key = files_.read("acme/mx/key.pem");
    std::filesystem::remove(kept_.chain_file);
    run(2);
    EXPECT_EQ(orders(), 2);
    EXPECT_EQ(files_.read("acme/mx/key.pem"), key);
}

// Restarts

TEST_F(AcmeKeeper, ARestartHeedsTheTimeOfTheNextTry)
{
    server_.is_gone = true;
    run(2);
    server_.is_gone = false;
    for (int i = 0; i < 5; ++i) run_idle();
    EXPECT_EQ(orders(), 0);
    fixture_.clock.shift += minutes{6};
    run(2);
    EXPECT_EQ(issued_, 1U);
    EXPECT_FALSE(std::filesystem::exists(kept_.attempts_file));
}

TEST_F(AcmeKeeper, FailuresAreCountedOnOverRestarts)
{
    server_.is_gone = true;
    for (int i = 0; i < 3; ++i) {
        run(2);
        fixture_.clock.shift += minutes{45};
    }
    const auto kept = parse_attempts(files_.read("acme/mx/attempts"));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->failures, 3U);
    EXPECT_THAT(kept->what, HasSubstr("it is gone"));
}

// Killed while the challenge is looked at: nothing is written afterwards.
TEST_F(AcmeKeeper, AnOrderThatACrashCutOffCountsAsFailed)
{
    std::string attempts;
    server_.on_challenge = [&] { attempts = files_.read("acme/mx/attempts"); };
    run(2);
    ASSERT_TRUE(parse_attempts(attempts));
    std::filesystem::remove(kept_.chain_file);
    std::ofstream{kept_.attempts_file} << attempts;
    run_idle();
    EXPECT_EQ(orders(), 1);
}

TEST_F(AcmeKeeper, AnotherOrderIsTriedAtOnce)
{
    server_.is_gone = true;
    run(2);
    server_.is_gone = false;
    kept_.order.contact = "other@mx.test";
    run(2);
    EXPECT_EQ(issued_, 1U);
}

TEST_F(AcmeKeeper, TheServersRetryAfterIsHeeded)
{
    server_.refuses_orders = {429, R"({"type":"urn:ietf:params:acme:error:rateLimited"})", "", "",
                              "7200"};
    run(2);
    const auto kept = parse_attempts(files_.read("acme/mx/attempts"));
    ASSERT_TRUE(kept);
    EXPECT_GT(kept->next, fixture_.clock.wall() + minutes{119});
}

// Accounts

TEST_F(AcmeKeeper, AnAccountThatTheServerLostIsRegisteredAnew)
{
    run(2);
    const std::string key = files_.read("acme/mx/account.key");
    server_.accounts.clear();
    std::filesystem::remove(kept_.chain_file);
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
    EXPECT_EQ(server_.accounts.size(), 1U);
    EXPECT_EQ(files_.read("acme/mx/account.key"), key);
}

TEST_F(AcmeKeeper, AnAccountThatTheServerClosedIsReplaced)
{
    run(2);
    const std::string key = files_.read("acme/mx/account.key");
    server_.accounts.clear();
    server_.closes_known_keys = true;
    std::filesystem::remove(kept_.chain_file);
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
    EXPECT_NE(files_.read("acme/mx/account.key"), key);
}

TEST_F(AcmeKeeper, AnotherContactIsToldToTheServer)
{
    run(2);
    kept_.order.contact = "other@mx.test";
    std::filesystem::remove(kept_.chain_file);
    run(2);
    EXPECT_EQ(issued_, 1U);
    EXPECT_THAT(server_.called,
                Contains(AllOf(StartsWith("/account/"), HasSubstr("mailto:other@mx.test"))));
    EXPECT_EQ(server_.accounts.size(), 1U);
}

// Accounts of the server's customers (RFC 8555 §7.3.4)

TEST_F(AcmeKeeper, AServerThatBindsAccountsToCustomersGetsTheBinding)
{
    bind_to("kid-1");
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
    EXPECT_THAT(server_.called, Contains(AllOf(StartsWith("/new-account"),
                                               HasSubstr("\"externalAccountBinding\":{"))));
    const std::string key = files_.read("acme/mx/account.key");
    std::filesystem::remove(kept_.chain_file);
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
    EXPECT_EQ(files_.read("acme/mx/account.key"), key) << "the account stays";
}

TEST_F(AcmeKeeper, WithoutABindingNoAccountIsAskedForAndTheOptionsAreNamed)
{
    server_.binds_accounts = true;
    run(2);
    EXPECT_THAT(log_.events.back(),
                AllOf(HasSubstr("acme_eab_key_id"), HasSubstr("acme_eab_hmac_file")));
    EXPECT_THAT(server_.called, testing::IsEmpty());
    server_.says_that_it_binds = false;
    kept_.order.contact = "other@mx.test";
    run(2);
    EXPECT_THAT(log_.events.back(),
                AllOf(HasSubstr("acme_eab_key_id"), HasSubstr("no externalAccountRequired")));
}

TEST_F(AcmeKeeper, AKeyOfABindingThatCannotBeReadIsSaid)
{
    bind_to("kid-1");
    files_.write("eab.key", "!\n");
    run(2);
    EXPECT_THAT(log_.events.back(), HasSubstr("eab.key: its first line is no key in base64url"));
}

TEST_F(AcmeKeeper, AnotherCustomerHasAnotherAccount)
{
    bind_to("kid-1");
    run(2);
    const std::string key = files_.read("acme/mx/account.key");
    bind_to("kid-2");
    std::filesystem::remove(kept_.chain_file);
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
    EXPECT_NE(files_.read("acme/mx/account.key"), key);
    EXPECT_EQ(server_.accounts.size(), 2U);
}

// A typing error in the key id is mended by the old one.
TEST_F(AcmeKeeper, ARefusedAccountLeavesTheOneThatIsKept)
{
    bind_to("kid-1");
    run(2);
    const std::string key = files_.read("acme/mx/account.key");
    const std::string record = files_.read("acme/mx/account");
    bind_to("kid-2");
    server_.refuses_accounts = {403, R"({"type":"urn:ietf:params:acme:error:unauthorized"})"};
    std::filesystem::remove(kept_.chain_file);
    run(2);
    EXPECT_EQ(issued_, 0U);
    EXPECT_EQ(files_.read("acme/mx/account.key"), key);
    EXPECT_EQ(files_.read("acme/mx/account"), record);
    bind_to("kid-1");
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
    EXPECT_EQ(server_.accounts.size(), 1U);
}

// What is asked for

TEST_F(AcmeKeeper, WhatIsNoLongerKeptIsNotOrderedLater)
{
    run(2);
    net::CoreFixture core;
    Keeper keeper{core.core, server_, log_};
    keeper.keep({kept_});
    ASSERT_TRUE(keeper.renew_now("mx"));
    keeper.keep({});
    keeper.keep({kept_});
    net::TaskGroup tasks{core.core};
    tasks.spawn(keeper.run());
    core.core.loop().restart();
    core.core.loop().poll();
    EXPECT_EQ(orders(), 1) << "the one of the start";
    core.core.cancel_all();
    core.run(tasks.join());
}

// Damaged files

TEST_F(AcmeKeeper, WithoutARecordOnTheDiskNothingIsOrdered)
{
    std::filesystem::create_directories(kept_.attempts_file);
    run(4);
    EXPECT_EQ(issued_, 0U);
    EXPECT_THAT(log_.events,
                Contains(AllOf(StartsWith("acme.failed"), HasSubstr("not ordered: "))));
    EXPECT_THAT(server_.called, testing::IsEmpty());
}

// A folder in its place stands for what tests cannot arrange as root: no permission, no free
// descriptor, a disk that fails.
TEST_F(AcmeKeeper, AKeyThatCannotBeReadIsNotReplaced)
{
    run(2);
    std::filesystem::remove(kept_.chain_file);
    for (const std::string file : {"key.pem", "account.key"}) {
        SCOPED_TRACE(file);
        const std::filesystem::path path = files_.path("acme/mx/" + file);
        const std::filesystem::path good = files_.path("good.key");
        std::filesystem::rename(path, good);
        std::filesystem::create_directory(path);
        run(2);
        EXPECT_EQ(issued_, 0U);
        EXPECT_THAT(log_.events.back(), AllOf(StartsWith("acme.failed"), HasSubstr(file + ": ")));
        EXPECT_TRUE(std::filesystem::is_directory(path));
        std::filesystem::remove(path);
        std::filesystem::rename(good, path);
        std::filesystem::remove(kept_.attempts_file);
    }
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
}

TEST_F(AcmeKeeper, ADamagedKeyIsKeptBesideTheNewOne)
{
    run(2);
    std::ofstream{kept_.key_file, std::ios::trunc} << "damaged";
    run(2);
    EXPECT_EQ(issued_, 1U) << log_.events.back();
    EXPECT_EQ(files_.read("acme/mx/key.pem.unusable"), "damaged");
}

TEST_F(AcmeKeeper, WhateverFileIsDamagedANewOrderMendsIt)
{
    run(2);
    for (const std::string file : {"key.pem", "chain.pem", "account.key", "account", "attempts"}) {
        SCOPED_TRACE(file);
        std::ofstream{files_.path("acme/mx/" + file), std::ios::trunc} << "\0{damaged";
        if (file.starts_with("a")) std::filesystem::remove(kept_.chain_file);
        run(2);
        EXPECT_EQ(issued_, 1U) << log_.events.back();
        EXPECT_TRUE(tls::load_certificate({"mx", kept_.chain_file, kept_.key_file}));
    }
}

}  // namespace
}  // namespace hermetic::acme
