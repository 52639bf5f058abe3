// SPDX-License-Identifier: Apache-2.0

using System.Net;
using Hosting.Logging;

namespace Kubernetes.Controllers.Client;

/// <summary>The API server answered with an error. The message is the server's own; for Secrets it is reduced to code and reason.</summary>
public sealed class ApiException : Exception, IExternalFailure
{
    /// <summary>An answer of the API server.</summary>
    /// <param name="statusCode">HTTP status, or the code of a <c>Status</c> object in a watch.</param>
    /// <param name="reason">The machine-readable reason, for example <c>NotFound</c>.</param>
    /// <param name="message">What the server said.</param>
    /// <param name="retryAfter">When the server wants to be asked again.</param>
    public ApiException(HttpStatusCode statusCode, string? reason, string message, TimeSpan? retryAfter = null)
        : base(message)
    {
        StatusCode = statusCode;
        Reason = reason;
        RetryAfter = retryAfter;
    }

    /// <summary>HTTP status.</summary>
    public HttpStatusCode StatusCode { get; }

    /// <summary>The machine-readable reason, for example <c>NotFound</c>; null if the server gave none.</summary>
    public string? Reason { get; }

    /// <summary>When the server wants to be asked again; null if it did not say.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The object, or the resource itself, does not exist.</summary>
    public bool IsNotFound => StatusCode == HttpStatusCode.NotFound;

    /// <summary>The object has changed since it was read, or a precondition does not hold.</summary>
    public bool IsConflict => StatusCode == HttpStatusCode.Conflict && Reason != "AlreadyExists";

    /// <summary>An object of that name exists.</summary>
    public bool IsAlreadyExists => StatusCode == HttpStatusCode.Conflict && Reason == "AlreadyExists";

    /// <summary>The version to go on from is too old; only a new list helps.</summary>
    public bool IsGone => StatusCode == HttpStatusCode.Gone || Reason is "Expired" or "Gone";

    /// <summary>The server does not take the request as it is.</summary>
    internal bool IsInvalid => StatusCode is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest;
}
