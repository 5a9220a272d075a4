#include "directory/directory.h"

#include "directory/directory_thread.h"
#include "directory/test_support.h"

#include <gtest/gtest.h>

namespace hermetic::directory {
namespace {

const ObjectKey kBank{"outbound_connector", "Example", "bank"};

config::Node string_node(const std::string& text)
{
    config::Node node;
    node.kind = config::Node::Kind::String;
    node.string = text;
    return node;
}

Edit set(const std::string& key, const std::string& value)
{
    Edit edit;
    edit.set.push_back({key, string_node(value)});
    return edit;
}

class DirectoryTest : public testing::Test {
protected:
    DirectoryTest() { reopen(); }

    void reopen()
    {
        directory_.reset();
        auto opened = Directory::open(path_, clock_);
        ASSERT_TRUE(opened.has_value()) << opened.error();
        directory_ = *std::move(opened);
        directory_->on_change(
            [this](objects::SnapshotPointer snapshot, const Changes&, const std::string&) {
                published_.push_back(std::move(snapshot));
            });
        const auto loaded = directory_->load();
        ASSERT_TRUE(loaded.has_value()) << loaded.error().what;
    }
    void fill()
    {
        const auto done = directory_->replace(kOrganization, "org.toml", {"alice", 0, false});
        ASSERT_TRUE(done.has_value()) << done.error().what;
    }
    Refusal refused(Result<Outcome, Refusal> result)
    {
        EXPECT_FALSE(result.has_value());
        return result ? Refusal{} : result.error();
    }

    StandingClock clock_;
    TemporaryFolder folder_;
    std::string path_ = folder_.file("directory.db");
    std::unique_ptr<Directory> directory_;
    std::vector<objects::SnapshotPointer> published_;
};

TEST_F(DirectoryTest, RefusesWhatTheNodeHasFaultsToFindIn)
{
    directory_->check_by([](const objects::Snapshot::Contents& contents) {
        config::Diagnostics faults;
        if (!contents.outbound_connectors.empty())
            faults.push_back({"objects", 0, "outbound_connector[0]", "not on this node", "none"});
        return faults;
    });
    const auto refusal =
        refused(directory_->replace(kOrganization, "org.toml", {"alice", 0, false}));
    EXPECT_EQ(refusal.kind, Refusal::Kind::Invalid);
    EXPECT_EQ(refusal.what, "outbound_connector[0]: not on this node");
    EXPECT_TRUE(published_.empty());
    EXPECT_TRUE(directory_->list()->empty());
}

TEST_F(DirectoryTest, StartsEmptyAndIsFilledByAFile)
{
    EXPECT_TRUE(directory_->list()->empty());
    EXPECT_TRUE(directory_->snapshot()->contents().organizations.empty());
    const auto done = directory_->replace(kOrganization, "org.toml", {"alice", 0, false});
    ASSERT_TRUE(done.has_value()) << done.error().what;
    EXPECT_EQ(done->revision.number, 1U);
    EXPECT_EQ(done->changes.size(), 3U);
    ASSERT_EQ(published_.size(), 1U) << "published in the same call";
    EXPECT_EQ(published_[0]->revision(), 1U);
    EXPECT_EQ(published_[0]->organization().name, "Example");
    EXPECT_EQ(directory_->find("outbound_connector", "", "bank")->stamp.by, "alice");
}

TEST_F(DirectoryTest, TheSameAgainIsNoChange)
{
    fill();
    const auto again =
        directory_->replace(directory_->export_text(), "org.toml", {"bob", 1, false});
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->changes.empty());
    EXPECT_EQ(again->revision.number, 1U);
    EXPECT_EQ(published_.size(), 1U);
}

TEST_F(DirectoryTest, ARestartMakesTheSameOfIt)
{
    fill();
    const auto before = directory_->snapshot();
    reopen();
    EXPECT_EQ(directory_->snapshot()->contents(), before->contents());
    EXPECT_EQ(directory_->snapshot()->revision(), before->revision());
}

TEST_F(DirectoryTest, ADryRunSaysWhatItWouldDoAndDoesNothing)
{
    const auto tried = directory_->replace(kOrganization, "org.toml", {"alice", {}, true});
    ASSERT_TRUE(tried.has_value());
    EXPECT_EQ(tried->changes.size(), 3U);
    EXPECT_TRUE(directory_->list()->empty());
    EXPECT_TRUE(published_.empty());
}

TEST_F(DirectoryTest, ObjectsThatTheFileDoesNotNameAreRemoved)
{
    fill();
    const char* const kLess =
        "[organization]\nname = \"Example\"\npostmaster = \"p@example.org\"\n";
    const Refusal refusal = refused(directory_->replace(kLess, "org.toml", {"alice", 1, false}));
    EXPECT_EQ(refusal.kind, Refusal::Kind::Removes);
    EXPECT_NE(refusal.what.find("accepted_domain \"example.org\", outbound_connector \"bank\""),
              std::string::npos)
        << refusal.what;
    EXPECT_NE(refusal.expected.find("--prune"), std::string::npos);
    EXPECT_EQ(directory_->list()->size(), 3U) << "nothing happened";
    const auto done = directory_->replace(kLess, "org.toml", {"alice", 1, false, true});
    ASSERT_TRUE(done.has_value());
    EXPECT_EQ(done->changes.size(), 3U);
    EXPECT_EQ(directory_->list()->size(), 1U);
}

TEST_F(DirectoryTest, AChangeMakesANewVersionWithItsAuthorAndTime)
{
    fill();
    const auto done = directory_->change(kBank, set("tls", "encrypt"), {"bob", 1, false});
    ASSERT_TRUE(done.has_value()) << done.error().what;
    ASSERT_EQ(done->changes.size(), 1U);
    const auto bank = directory_->find("outbound_connector", "Example", "bank");
    EXPECT_EQ(bank->stamp, (Stamp{2, "bob", clock_.wall()}));
    EXPECT_EQ(directory_->find("accepted_domain", "", "example.org")->stamp.version, 1U);
    EXPECT_EQ(published_.back()->outbound_connector_named({"Example", "bank"})->tls.level,
              objects::TlsLevel::Encrypt);
    EXPECT_EQ(directory_->history(kBank, 10)->size(), 2U);
}

TEST_F(DirectoryTest, AChangeThatAnotherOneHasOvertakenIsRefusedAndSaysWhose)
{
    fill();
    ASSERT_TRUE(directory_->change(kBank, set("tls", "encrypt"), {"bob", 1, false}).has_value());
    const Refusal refusal =
        refused(directory_->change(kBank, set("comment", "mine"), {"carol", 1, false}));
    EXPECT_EQ(refusal.kind, Refusal::Kind::Conflict);
    EXPECT_EQ(refusal.what,
              "outbound_connector \"bank\" is at version 2 now: changed by bob at "
              "2026-11-21T18:24:35.123Z");
    const Refusal whole =
        refused(directory_->replace(kOrganization, "org.toml", {"carol", 1, false}));
    EXPECT_EQ(whole.kind, Refusal::Kind::Conflict);
    EXPECT_NE(whole.what.find("bob"), std::string::npos);
}

TEST_F(DirectoryTest, AChangeWithoutItsBaseIsRefused)
{
    fill();
    EXPECT_EQ(refused(directory_->change(kBank, set("tls", "encrypt"), {"bob", {}, false})).kind,
              Refusal::Kind::Invalid);
    EXPECT_EQ(refused(directory_->remove(kBank, {"bob", {}, false})).kind, Refusal::Kind::Invalid);
    EXPECT_EQ(refused(directory_->replace(kOrganization, "f", {"bob", {}, false})).kind,
              Refusal::Kind::Invalid);
}

TEST_F(DirectoryTest, WhatDoesNotHoldTogetherIsRefusedWholeAndKeepsWhatIsInForce)
{
    fill();
    Edit edit = set("recipient_domains", "bank.test");
    const Refusal tie =
        refused(directory_->add("outbound_connector", "twin", edit, {"bob", {}, false}));
    EXPECT_EQ(tie.kind, Refusal::Kind::Invalid);
    EXPECT_NE(tie.what.find("twin"), std::string::npos) << tie.what;
    EXPECT_FALSE(tie.expected.empty());
    // Weaker than the organization, without an end.
    const Refusal hole = refused(directory_->change(kBank, set("min_tls", "1.0"), {"b", 1, false}));
    EXPECT_NE(hole.expected.find("exception"), std::string::npos);
    EXPECT_EQ(directory_->revision().number, 1U);
    EXPECT_EQ(published_.size(), 1U);
}

TEST_F(DirectoryTest, RaisingTheOrganizationNamesTheConnectorsInTheWay)
{
    fill();
    ASSERT_TRUE(directory_->change(kBank, set("tls", "encrypt"), {"b", 1, false}));
    const ObjectKey organization{"organization", "", "Example"};
    const Refusal raised =
        refused(directory_->change(organization, set("tls", "verify_ca"), {"b", 1, false}));
    EXPECT_NE(raised.what.find("\"bank\""), std::string::npos) << raised.what;
    EXPECT_NE(raised.what.find("encrypt"), std::string::npos) << raised.what;
}

std::string exception_until(const char* end)
{
    return std::string{"{ min_tls = \"1.0\", valid_until = \""} + end + "\", reason = \"r\" }";
}

TEST_F(DirectoryTest, AnExceptionEndsWithinAYear)
{
    fill();
    const Refusal late = refused(directory_->change(
        kBank, set("exception", exception_until("2028-01-01T00:00:00Z")), {"b", 1, false}));
    EXPECT_NE(late.what.find("more than a year ahead"), std::string::npos) << late.what;
    ASSERT_TRUE(directory_->change(kBank, set("exception", exception_until("2027-01-01T00:00:00Z")),
                                   {"b", 1, false}));
    const auto& connector = directory_->snapshot()->contents().outbound_connectors.at(0);
    ASSERT_TRUE(connector.tls.exception);
    EXPECT_EQ(connector.tls.exception->min, facts::TlsVersion::Tls10);
}

TEST_F(DirectoryTest, AnEarlierVersionsExceptionIsTakenUpAsItEnds)
{
    fill();
    {
        // As it was kept then, with an end of any distance.
        directory_.reset();  // has the lock
        auto store = *Store::open(path_, Access::ReadWrite);
        const std::string text =
            "[[outbound_connector]]\nname = \"bank\"\norganization = \"Example\"\n"
            "recipient_domains = [\"bank.test\"]\nmin_tls = \"1.0\"\n"
            "valid_until = \"2030-01-01T00:00:00Z\"\n";
        auto transaction = store->begin();
        ASSERT_TRUE(transaction);
        const std::string before = compile_text(kOrganization).objects.at(kBank);
        const Changes changes{{ChangeKind::Changed, kBank, before, text}};
        ASSERT_TRUE(store->write(changes, "alice", clock_.wall()));
        ASSERT_TRUE(transaction->commit());
    }
    reopen();
    ASSERT_EQ(directory_->notes().size(), 1U);
    EXPECT_EQ(directory_->notes()[0].key, "outbound_connector \"bank\".valid_until");
    const auto& tls = directory_->snapshot()->contents().outbound_connectors.at(0).tls;
    EXPECT_FALSE(tls.min);
    ASSERT_TRUE(tls.exception);
    EXPECT_EQ(tls.exception->min, facts::TlsVersion::Tls10);
    ASSERT_TRUE(directory_->change(kBank, set("comment", "kept"), {"b", 2, false}));
    EXPECT_TRUE(directory_->notes().empty());
    const auto kept = directory_->find("outbound_connector", "", "bank");
    ASSERT_TRUE(kept);
    EXPECT_NE(kept->text.find("exception = { min_tls = \"1.0\""), std::string::npos) << kept->text;
}

TEST_F(DirectoryTest, ObjectsAreAddedOnceAndRemoved)
{
    fill();
    const Edit edit = set("recipient_domains", "a.test, b.test");
    const Terms terms{"bob", {}, false};
    ASSERT_TRUE(directory_->add("outbound_connector", "two", edit, terms).has_value());
    const auto two = directory_->find("outbound_connector", "", "two");
    ASSERT_TRUE(two.has_value());
    EXPECT_EQ(two->key.organization, "Example") << "the only one there is";
    const Refusal exists = refused(directory_->add("outbound_connector", "two", edit, terms));
    EXPECT_EQ(exists.kind, Refusal::Kind::Exists);
    EXPECT_NE(exists.what.find("bob"), std::string::npos);
    ASSERT_TRUE(directory_->remove(two->key, {"carol", 1, false}).has_value());
    const auto gone = directory_->find("outbound_connector", "", "two");
    ASSERT_FALSE(gone.has_value());
    EXPECT_EQ(gone.error().kind, Refusal::Kind::NotFound);
    EXPECT_NE(gone.error().what.find("removed by carol"), std::string::npos) << gone.error().what;
}

// Specification §1: a name is unique within its organization and kind.
TEST_F(DirectoryTest, TwoOrganizationsMayHaveObjectsOfOneName)
{
    fill();
    Edit edit = set("postmaster", "p@other.test");
    ASSERT_TRUE(directory_->add("organization", "Other", edit, {"bob", {}, false}));
    edit = set("recipient_domains", "other-bank.test");
    const Refusal nobodys =
        refused(directory_->add("outbound_connector", "bank", edit, {"bob", {}, false}));
    EXPECT_EQ(nobodys.diagnostics.at(0).key, "outbound_connector \"bank\".organization");
    for (auto& each : set("organization", "Other").set) edit.set.push_back(each);
    ASSERT_TRUE(directory_->add("outbound_connector", "bank", edit, {"bob", {}, false}));
    EXPECT_EQ(refused(directory_->add("outbound_connector", "bank", edit, {"bob", {}, false})).kind,
              Refusal::Kind::Exists);
    const auto several = directory_->find("outbound_connector", "", "bank");
    ASSERT_FALSE(several);
    EXPECT_NE(several.error().what.find("several organizations"), std::string::npos);
    EXPECT_EQ(directory_->find("outbound_connector", "Other", "bank")->key.organization, "Other");
    const auto& snapshot = *directory_->snapshot();
    EXPECT_EQ(snapshot.outbound_connector_named({"Other", "bank"})->recipient_domains[0].format(),
              "other-bank.test");
    EXPECT_EQ(snapshot.outbound_connector_named({"Example", "bank"})->recipient_domains[0].format(),
              "bank.test");
}

TEST_F(DirectoryTest, AnOrganizationThatHasObjectsIsNotRemoved)
{
    fill();
    const Refusal refusal =
        refused(directory_->remove({"organization", "", "Example"}, {"bob", 1, false}));
    EXPECT_EQ(refusal.kind, Refusal::Kind::Invalid);
    EXPECT_EQ(refusal.what,
              "organization \"Example\" has accepted_domain \"example.org\" and 1 more");
}

TEST_F(DirectoryTest, ARollbackMakesWhatWasANewRevision)
{
    fill();
    ASSERT_TRUE(directory_->change(kBank, set("tls", "encrypt"), {"bob", 1, false}));
    ASSERT_TRUE(directory_->remove(kBank, {"bob", 2, false}));
    ASSERT_TRUE(directory_->add("outbound_connector", "two", set("recipient_domains", "two.test"),
                                {"bob", {}, false}));
    const auto tried = directory_->roll_back(2, {"carol", {}, true});
    ASSERT_TRUE(tried) << tried.error().what;
    EXPECT_EQ(tried->changes.size(), 2U);
    EXPECT_EQ(directory_->revision().number, 4U);
    EXPECT_EQ(refused(directory_->roll_back(2, {"carol", 3, false})).kind, Refusal::Kind::Conflict);
    const Refusal unasked = refused(directory_->roll_back(2, {"carol", 4, false}));
    EXPECT_EQ(unasked.kind, Refusal::Kind::Removes);
    EXPECT_EQ(unasked.what,
              "revision 2 does not name outbound_connector \"two\", which would be removed");
    EXPECT_NE(unasked.expected.find("--prune"), std::string::npos);
    EXPECT_EQ(directory_->revision().number, 4U) << "nothing happened";
    const auto done = directory_->roll_back(2, {"carol", 4, false, true});
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(done->revision.number, 5U);
    EXPECT_EQ(done->revision.by, "carol (rollback to revision 2)");
    const auto bank = directory_->find("outbound_connector", "", "bank");
    ASSERT_TRUE(bank);
    EXPECT_NE(bank->text.find("encrypt"), std::string::npos);
    EXPECT_EQ(bank->stamp.version, 4U) << "a version is never used twice";
    EXPECT_FALSE(directory_->find("outbound_connector", "", "two"));
    EXPECT_EQ(directory_->history(std::nullopt, 10, 5)->size(), 2U);
    EXPECT_EQ(directory_->snapshot()->revision(), 5U);
}

TEST_F(DirectoryTest, ARollbackThatHoldsTogetherNoMoreSaysWhy)
{
    fill();
    ASSERT_TRUE(directory_->change(kBank, set("comment", "later"), {"bob", 1, false}));
    for (const std::uint64_t none : {0U, 7U}) {
        const Refusal refusal = refused(directory_->roll_back(none, {"carol", 2, false}));
        EXPECT_EQ(refusal.kind, Refusal::Kind::NotFound);
        EXPECT_EQ(refusal.expected, "one from 1 to 2");
    }
    directory_->check_by([](const objects::Snapshot::Contents& contents) -> config::Diagnostics {
        if (contents.outbound_connectors.at(0).comment == "later") return {};
        return {{"", 0, "outbound_connector \"bank\"", "it is too early", "later"}};
    });
    const Refusal refusal = refused(directory_->roll_back(1, {"carol", 2, false}));
    EXPECT_EQ(refusal.kind, Refusal::Kind::Invalid);
    EXPECT_NE(refusal.what.find("it is too early"), std::string::npos);
    EXPECT_EQ(directory_->revision().number, 2U);
}

TEST_F(DirectoryTest, AManagingFileIsAppliedWithItsHistoryAndNothingElseIs)
{
    directory_->set_managing_file("/etc/hermetic/org.toml");
    const auto document = config::parse_document(kOrganization, "org.toml");
    ASSERT_TRUE(directory_->take_file(*document, "org.toml").has_value());
    EXPECT_EQ(directory_->find("outbound_connector", "", "bank")->stamp.by, "file org.toml");
    const Refusal refusal =
        refused(directory_->change(kBank, set("tls", "encrypt"), {"bob", 1, false}));
    EXPECT_EQ(refusal.kind, Refusal::Kind::ManagedByFile);
    EXPECT_NE(refusal.what.find("/etc/hermetic/org.toml"), std::string::npos);
    EXPECT_EQ(refused(directory_->remove(kBank, {"bob", 1, false})).kind,
              Refusal::Kind::ManagedByFile);
    EXPECT_EQ(refused(directory_->add("outbound_connector", "x", {}, {"bob", {}, false})).kind,
              Refusal::Kind::ManagedByFile);
    EXPECT_EQ(refused(directory_->roll_back(1, {"bob", 1, false})).kind,
              Refusal::Kind::ManagedByFile);
    EXPECT_TRUE(directory_->replace(kOrganization, "f", {"bob", {}, true}).has_value())
        << "what a file would change may be asked";
    directory_->set_managing_file("");
    EXPECT_TRUE(directory_->change(kBank, set("tls", "encrypt"), {"bob", 1, false}).has_value());
}

TEST_F(DirectoryTest, AFileThatIsAsBeforeIsPutInForceAtStartWithoutARevision)
{
    fill();
    directory_.reset();
    directory_ = *Directory::open(path_, clock_);
    const auto document = config::parse_document(kOrganization, "org.toml");
    const auto taken = directory_->take_file(*document, "org.toml");
    ASSERT_TRUE(taken.has_value());
    EXPECT_EQ(taken->revision.number, 1U);
    EXPECT_EQ(directory_->snapshot()->organization().name, "Example");
}

TEST_F(DirectoryTest, CommandsReadItBesideTheServer)
{
    EXPECT_TRUE(load_objects("", folder_.file("none"), {})->organizations.empty());
    fill();
    const auto loaded = load_objects("", folder_.file("."), {});
    ASSERT_TRUE(loaded.has_value());
    EXPECT_EQ(*loaded, directory_->snapshot()->contents());
}

TEST_F(DirectoryTest, OnItsThreadWorkIsDoneInOrderAndToItsEnd)
{
    std::vector<int> order;
    {
        DirectoryThread thread{std::move(directory_)};
        for (int i = 0; i < 100; ++i) thread.post([&order, i](Directory&) { order.push_back(i); });
        thread.post([](Directory& directory) { EXPECT_EQ(directory.revision().number, 0U); });
        thread.post([&order](Directory&) { order.push_back(100); });
    }
    ASSERT_EQ(order.size(), 101U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

}  // namespace
}  // namespace hermetic::directory
