#include "cli/table.h"

#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

TEST(Table, ColumnsAreAsWideAsTheirWidestCell)
{
    Table table{{{"name"}, {"size", Table::Align::Right}}};
    table.add({"a", "1"});
    table.add({"longer", "1000"});
    EXPECT_EQ(table.format(), "name    size\na          1\nlonger  1000\n");
}

TEST(Table, LongCellsAreCutAtCharactersNotOctets)
{
    Table table{{{"n", Table::Align::Left, 3}}};
    table.add({"äöüß"});
    EXPECT_EQ(table.format(), "n\näö…\n");
}

}  // namespace
}  // namespace hermetic::cli
