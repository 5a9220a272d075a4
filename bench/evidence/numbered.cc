#include "evidence/numbered.h"

#include "evidence/octets.h"

#include <array>
#include <zstd.h>

namespace evidence_bench {
namespace {

constexpr int kLevel = 1;

class Plain final : public Numbered {
public:
    Plain(Database& database, const std::string& table)
        : insert_{database, "INSERT INTO " + table + "(first, octets) VALUES(?, ?)"},
          select_{database, "SELECT octets FROM " + table + " WHERE first = ?"}
    {
    }

    void add(std::string_view octets) override { insert_.number(next_++).octets(octets).execute(); }
    void flush() override {}
    std::string read(std::uint32_t number) override
    {
        std::string octets;
        if (select_.number(number).next()) octets = select_.octets_at(0);
        select_.reset();
        return octets;
    }

private:
    Statement insert_;
    Statement select_;
    std::int64_t next_ = 0;
};

// A page is named by its first number. The last one is written anew at each commit until it is
// full.
class Packed final : public Numbered {
public:
    Packed(Database& database, const std::string& table, std::size_t of_page)
        : put_{database, "INSERT OR REPLACE INTO " + table + "(first, octets) VALUES(?, ?)"},
          select_{database, "SELECT octets FROM " + table + " WHERE first = ?"},
          compressor_{ZSTD_createCCtx()},
          decompressor_{ZSTD_createDCtx()},
          of_page_{of_page}
    {
    }

    void add(std::string_view octets) override
    {
        put_text(page_, octets);
        if (++count_ == of_page_) {
            flush();
            page_.clear();
            first_ += static_cast<std::int64_t>(count_);
            count_ = 0;
        }
    }

    void flush() override
    {
        if (count_ == written_ && count_ != of_page_) return;
        packed_.resize(ZSTD_compressBound(page_.size()));
        packed_.resize(ZSTD_compressCCtx(compressor_.get(), packed_.data(), packed_.size(),
                                         page_.data(), page_.size(), kLevel));
        put_.number(first_).octets(packed_).execute();
        written_ = count_ == of_page_ ? 0 : count_;
    }

    std::string read(std::uint32_t number) override
    {
        std::string_view rest = page_of(number / of_page_);
        for (std::size_t at = number % of_page_; at > 0; --at)
            rest.remove_prefix(take_number(rest));
        return std::string{rest.substr(0, take_number(rest))};
    }

private:
    struct Cached {
        std::size_t page = ~std::size_t{0};
        std::string octets;
    };

    const std::string& page_of(std::size_t page)
    {
        Cached& cached = cached_[page % cached_.size()];
        if (count_ > 0 && static_cast<std::int64_t>(page * of_page_) == first_) return page_;
        if (cached.page == page) return cached.octets;
        cached.page = page;
        cached.octets.clear();
        if (select_.number(static_cast<std::int64_t>(page * of_page_)).next()) {
            const std::string_view packed = select_.octets_at(0);
            cached.octets.resize(ZSTD_getFrameContentSize(packed.data(), packed.size()));
            ZSTD_decompressDCtx(decompressor_.get(), cached.octets.data(), cached.octets.size(),
                                packed.data(), packed.size());
        }
        select_.reset();
        return cached.octets;
    }

    struct Free {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    Statement put_;
    Statement select_;
    std::unique_ptr<ZSTD_CCtx, Free> compressor_;
    std::unique_ptr<ZSTD_DCtx, Free> decompressor_;
    const std::size_t of_page_;
    std::string page_;
    std::string packed_;
    std::int64_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t written_ = 0;
    std::array<Cached, 16> cached_;
};

}  // namespace

std::unique_ptr<Numbered> make_numbered(Database& database, const std::string& table,
                                        std::size_t of_page)
{
    if (of_page == 1) return std::make_unique<Plain>(database, table);
    return std::make_unique<Packed>(database, table, of_page);
}

}  // namespace evidence_bench
