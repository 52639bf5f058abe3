// SPDX-License-Identifier: Apache-2.0

using System.Text;
using Hosting;
using Hosting.Metrics;
using Microsoft.AspNetCore.Http;
using RuntimeGVisor.Admission.Reviews;

namespace RuntimeGVisor.Admission.Server;

/// <summary>Answers the requests of API servers.</summary>
/// <param name="reviewer">Judges the objects.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told of rejections and of broken requests.</param>
/// <param name="registry">Gets the metrics.</param>
internal sealed partial class WebhookHandler(ShootReviewer reviewer, TimeProvider time, ILogger<WebhookHandler> logger, MetricRegistry registry)
{
    /// <summary>Where API servers send their questions.</summary>
    public const string Path = "/webhooks/validate";

    /// <summary>How long a request may take, the arrival of its body included. API servers wait 10 seconds, by default.</summary>
    public static readonly TimeSpan MaxRequestTime = TimeSpan.FromSeconds(8);

    private const string JsonMediaType = "application/json";

    private readonly WebhookMetrics _metrics = new(registry, Path);
    private volatile bool _isDraining;

    /// <summary>From now on every answer ends its connection, so that the client opens the next one elsewhere.</summary>
    public void Drain() => _isDraining = true;

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        if (_isDraining)
        {
            context.Response.Headers.Connection = "close";
        }

        if (context.Request.Path != Path)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"There is only {Path}.");
            return;
        }

        var started = time.GetTimestamp();
        _metrics.InFlight.Add(1);
        try
        {
            await AnswerAsync(context);
        }
        finally
        {
            _metrics.InFlight.Add(-1);
            _metrics.Latency.Observe(time.GetElapsedTime(started).TotalSeconds);
            _metrics.Requests(context.Response.StatusCode).Increment();
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            if (!HttpMethods.IsPost(context.Request.Method))
            {
                await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "Only POST is answered.");
            }
            else if (context.Request.ContentType is not { } type || !type.StartsWith(JsonMediaType, StringComparison.OrdinalIgnoreCase))
            {
                await RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, $"The body must be {JsonMediaType}.");
            }
            else
            {
                await ReviewAsync(context);
            }
        }
        catch (BadHttpRequestException exception)
        {
            await RefuseAsync(context, exception.StatusCode, exception.Message);
        }
        catch (TimeoutException exception)
        {
            await RefuseAsync(context, StatusCodes.Status408RequestTimeout, exception.Message);
        }
        catch (FormatException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there any more to be answered.
        }
        catch (Exception exception)
        {
            LogFailed(exception);
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, "The review could not be answered; the log says why.");
        }
    }

    private async Task ReviewAsync(HttpContext context)
    {
        using var body = await TimeLimit.RunAsync(
            MaxRequestTime,
            time,
            $"The body did not arrive within {MaxRequestTime.TotalSeconds} seconds.",
            token => RequestBody.ReadAsync(context.Request.Body, token),
            context.RequestAborted);
        using var review = AdmissionReview.Read(body.Content);
        var response = reviewer.Review(review);
        if (response.Rejection is { } rejection)
        {
            LogRejected(review.Uid, rejection);
        }

        context.Response.ContentType = JsonMediaType;
        response.Write(context.Response.BodyWriter, review.Uid);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>API servers show the text to the person whose request it was.</summary>
    private async Task RefuseAsync(HttpContext context, int code, string reason)
    {
        LogRefused(code, reason);
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        // What is left of a body is not read.
        context.Response.Headers.Connection = "close";
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(reason), context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Information, "Rejected a shoot in review {Uid}: {Reason}")]
    private partial void LogRejected(string uid, string reason);

    [LoggerMessage(LogLevel.Warning, "Answered a request with {Code}: {Reason}")]
    private partial void LogRefused(int code, string reason);

    [LoggerMessage(LogLevel.Error, "A review could not be answered")]
    private partial void LogFailed(Exception exception);
}
