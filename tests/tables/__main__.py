"""Make the table of area codes anew; `git diff` then shows what changed."""

from tables.area_codes import TABLE, made

if __name__ == "__main__":
    TABLE.write_text(made())
    print(f"{TABLE.name}: {TABLE.stat().st_size} bytes")
