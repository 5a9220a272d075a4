// Writes the spool that a later version must be able to read: write_spool_fixture DIRECTORY.
//
// In two openings, so that one half lies in tables and the other in the log that a start replays.
#include "spool/rocksdb_spool.h"
#include "spool/test_support.h"
#include "spool_fixture.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

namespace hermetic::crash {
namespace {

using spool::Durability;

void require(bool done, const std::string& what)
{
    if (done) return;
    std::fprintf(stderr, "write_spool_fixture: %s\n", what.c_str());
    std::exit(1);
}

class Opening {
public:
    explicit Opening(const std::string& directory)
    {
        spool::SpoolSettings settings;
        settings.directory = directory;
        settings.high_water = settings.low_water = settings.ballast = 0;
        settings.body_file_threshold = kFixtureBodyThreshold;
        auto opened = spool::make_rocksdb_spool(settings, listener_, system_clock());
        require(opened.has_value(), opened ? "" : opened.error().words);
        spool_ = std::move(*opened);
    }
    ~Opening() { spool_->close(); }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;

    void store(const WaitingMail& mail)
    {
        spool::testing::Driver driver{*spool_};
        const auto& body = mail.message->body;
        std::unique_ptr<spool::BodyWriter> writer;
        if (body.in_file) {
            writer = spool_->write_body(body.id, {});
            require(driver.append(*writer, mail.body).empty(), "body: append");
            require(driver.finish(*writer).empty(), "body: finish");
        }
        require(driver.commit(mail.message) == Durability::Durable, mail.what);
    }
    // Messages of one body.
    void store(std::vector<std::shared_ptr<const spool::StoredMessage>> messages)
    {
        spool::testing::Driver driver{*spool_};
        require(driver.commit(std::move(messages)) == Durability::Durable, "split");
    }
    // One that is over, so that a reader that brings it back is found.
    void store_and_finish()
    {
        spool::testing::MessageMaker make{99};
        const auto over = make.message("over");
        spool::testing::Driver driver{*spool_};
        require(driver.commit(over) == Durability::Durable, "over");
        require(driver.record(driver.finished(over->id)) == Durability::Durable, "over");
    }

private:
    spool::testing::RememberingListener listener_;
    std::unique_ptr<spool::Spool> spool_;
};

void write(const std::string& directory)
{
    const auto all = mail_of_version_3();  // the newest
    for (const bool second : {false, true}) {
        Opening opening{directory};
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].second_opening != second) continue;
            const bool shared =
                i + 1 < all.size() && all[i].message->body.id == all[i + 1].message->body.id;
            if (shared) {
                opening.store({all[i].message, all[i + 1].message});
                ++i;
            } else {
                opening.store(all[i]);
            }
        }
        opening.store_and_finish();
    }
    // A start makes what is empty or holds nothing.
    for (const char* made : {"lock", "ballast"}) std::filesystem::remove(directory + "/" + made);
    for (const auto& folder : std::filesystem::directory_iterator{directory + "/bodies"}) {
        if (std::filesystem::is_empty(folder)) std::filesystem::remove(folder);
    }
}

}  // namespace
}  // namespace hermetic::crash

int main(int count, char** arguments)
{
    hermetic::crash::require(count == 2, "usage: write_spool_fixture DIRECTORY");
    hermetic::crash::write(arguments[1]);
    return 0;
}
