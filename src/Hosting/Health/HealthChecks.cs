// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Microsoft.AspNetCore.Http;

namespace Hosting.Health;

/// <summary>Named checks behind one path, answered as Kubernetes' own components do.</summary>
/// <remarks>
/// 200 if all checks pass, else 500. The answer lists the checks when one fails or with <c>?verbose</c>; a single one is at <c>/path/name</c>.
/// A check is called on each request and must be quick; it never waits for something remote.
/// </remarks>
/// <param name="path">The path without slash, for example <c>healthz</c>.</param>
public sealed class HealthChecks(string path)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Func<string?>> _checks = new(StringComparer.Ordinal) { ["ping"] = static () => null };

    /// <summary>The path without slash.</summary>
    public string Path { get; } = path;

    /// <summary>Adds a check.</summary>
    /// <param name="name">Its name in the list.</param>
    /// <param name="findProblem">Says what is wrong; null if nothing is.</param>
    public void Add(string name, Func<string?> findProblem)
    {
        lock (_lock)
        {
            _checks.Add(name, findProblem);
        }
    }

    /// <summary>Runs all checks.</summary>
    /// <returns>What is wrong, by check; empty if all pass.</returns>
    public IReadOnlyDictionary<string, string> Run() =>
        Results(null).Where(result => result.Problem is not null).ToDictionary(result => result.Name, result => result.Problem!, StringComparer.Ordinal);

    /// <summary>Answers a request for the path itself, or for one check below it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The check; null for all of them.</param>
    public async Task AnswerAsync(HttpContext context, string? name)
    {
        var results = Results(name);
        if (results.Count == 0)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var isHealthy = results.TrueForAll(result => result.Problem is null);
        context.Response.StatusCode = isHealthy ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache, no-store";
        var isListed = !isHealthy || context.Request.Query.ContainsKey("verbose");
        await context.Response.WriteAsync(isListed ? Text(results, isHealthy) : "ok", context.RequestAborted);
    }

    private List<(string Name, string? Problem)> Results(string? name)
    {
        KeyValuePair<string, Func<string?>>[] checks;
        lock (_lock)
        {
            checks = [.. _checks.Where(check => name is null || check.Key == name)];
        }

        return [.. checks.Select(check => (check.Key, check.Value()))];
    }

    private string Text(List<(string Name, string? Problem)> results, bool isHealthy)
    {
        var text = new StringBuilder();
        foreach (var (name, problem) in results)
        {
            text.Append(problem is null ? $"[+]{name} ok\n" : $"[-]{name} failed: {problem}\n");
        }

        return text.Append(Path).Append(isHealthy ? " check passed\n" : " check failed\n").ToString();
    }
}
