"""The means of twelve questions by ward and fortnight, by DuckDB and by Polars: a line of JSON each.

    question_means.py TABLE FIRST_DAY

TABLE is a CSV file with the columns day, ward, q0 ... q11; an empty field is a missing answer. Set-up is reading the table into memory.
The query is timed as the fastest of five.
"""

import json
import sys
import time

import duckdb
import polars as pl

RUNS = 5


def fastest(query):
    best = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        rows = query()
        best = min(best, time.perf_counter() - began)
    return best, rows


def checksum(rows, questions):
    """Of rows that hold the means, then the counts, of all questions behind ward and fortnight."""
    return sum((row[2 + q] or 0.0) + row[2 + questions + q] for row in rows for q in range(questions))


def say(name, version, set_up, query, total):
    line = {"program": name, "version": version, "set_up_seconds": set_up, "query_seconds": query, "checksum": total}
    print(json.dumps(line), flush=True)


def with_duckdb(table, first_day, questions):
    began = time.perf_counter()
    connection = duckdb.connect()
    columns = {"day": "INTEGER", "ward": "SMALLINT", **{f"q{q}": "TINYINT" for q in range(questions)}}
    connection.execute("CREATE TABLE responses AS SELECT * FROM read_csv(?, header = true, columns = ?)", [table, columns])
    set_up = time.perf_counter() - began
    means = ", ".join(f"avg(q{q})" for q in range(questions))
    counts = ", ".join(f"count(q{q})" for q in range(questions))
    sql = f"SELECT ward, (day - {first_day}) // 14 AS fortnight, {means}, {counts} FROM responses GROUP BY ALL"
    query, rows = fastest(lambda: connection.execute(sql).fetchall())
    say("duckdb", duckdb.__version__, set_up, query, checksum(rows, questions))


def with_polars(table, first_day, questions):
    began = time.perf_counter()
    types = {"day": pl.Int32, "ward": pl.Int16, **{f"q{q}": pl.Int8 for q in range(questions)}}
    responses = pl.read_csv(table, schema_overrides=types)
    set_up = time.perf_counter() - began
    names = [f"q{q}" for q in range(questions)]
    means = [pl.col(name).mean().alias(f"{name}_mean") for name in names]
    counts = [pl.col(name).count().alias(f"{name}_count") for name in names]
    fortnight = ((pl.col("day") - first_day) // 14).alias("fortnight")
    lazy = responses.lazy().group_by("ward", fortnight).agg(means + counts)
    query, frame = fastest(lazy.collect)
    say("polars", pl.__version__, set_up, query, checksum(frame.rows(), questions))


def main():
    table, first_day = sys.argv[1], int(sys.argv[2])
    with open(table) as file:
        questions = len(file.readline().split(",")) - 2
    with_duckdb(table, first_day, questions)
    with_polars(table, first_day, questions)


main()
