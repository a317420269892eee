/* Starts GraphiQL with three examples that return data from any catalogue, also the demo. */
"use strict";

const examples = [
  {
    query: `# Run this query with Ctrl-Enter or the play button. The documentation on the left lists every field.
query MostVoted {
  titles(perPage: 5) {
    total
    items {
      displayName
      startYear
      averageRating
      genres
    }
  }
}
`,
  },
  {
    query: `# The search tolerates typos and missing accents, and understands a year.
query Search($text: String!) {
  search(query: $text, limit: 5) {
    matchedOn
    title {
      displayName
      type
      startYear
      ids {
        imdb
        tmdb
      }
    }
  }
}
`,
    variables: `{"text": "the lighthouse"}`,
  },
  {
    query: `# A whole show in one request.
query ShowWithEpisodes {
  titles(type: show, perPage: 1) {
    items {
      show {
        showId
        episodeCount
        title {
          displayName
        }
        seasons {
          seasonNumber
          averageRating
          episodes {
            episodeNumber
            displayName
            averageRating
          }
        }
      }
    }
  }
}
`,
  },
];

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: window.location.pathname }),
    defaultTabs: examples,
    defaultEditorToolsVisibility: "variables",
  }),
);
